/** Which service manager this machine has, and what the service is told. */
import * as os from 'node:os';
import * as path from 'node:path';
import { daemonCommandLine } from '../own-command.ts';
import type { State } from '../state.ts';
import { type BackgroundControl, backgroundService } from './background.ts';
import { type RunCommand, runCommand, type Service, type ServiceSpec, serviceEnvironment } from './service.ts';
import { systemdService } from './systemd.ts';

/**
 * launchd on macOS, `systemd --user` where one answers, else a background process. A state directory that was named with CLAWTAB_STATE has no
 * service: there is one unit per user, and it belongs to the usual place.
 */
export async function pickService(
  state: State,
  control: BackgroundControl,
  env: NodeJS.ProcessEnv = process.env,
  run: RunCommand = runCommand,
): Promise<Service> {
  const home = env.HOME ?? os.homedir();
  const pidFile = path.join(state.logs, 'supervisor.pid');
  const never = 'It does not start again at login: ';
  if (env.CLAWTAB_STATE) return backgroundService(control, pidFile, `${never}CLAWTAB_STATE names a place of its own.`);
  // Loaded where it is used only: its property lists bring an XML parser along.
  if (process.platform === 'darwin') return (await import('./launchd.ts')).launchdService(home, process.getuid?.() ?? 0, run);
  const answers = process.platform === 'linux' && (await run('systemctl', ['--user', 'show-environment'])).code === 0;
  return answers
    ? systemdService(home, env.XDG_CONFIG_HOME, os.userInfo().username, run)
    : backgroundService(control, pidFile, `${never}there is no service manager here.`);
}

export function serviceSpec(state: State, env: NodeJS.ProcessEnv = process.env): ServiceSpec {
  return {
    argv: daemonCommandLine(),
    env: serviceEnvironment(env),
    logFile: path.join(state.logs, 'daemon.out'),
    home: env.HOME ?? os.homedir(),
    uid: process.getuid?.() ?? 0,
  };
}
