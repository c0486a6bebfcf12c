/**
 * The daemon as a background process where there is no service manager to ask: a shell that starts it again after a crash, and ends with it when it ends
 * on purpose or cannot start at all. It does not come back at login; `start` says so.
 */
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { EXIT } from '../../shared/errors.ts';
import type { Report, Service, ServiceSpec, ServiceState } from './service.ts';

/** Exits that another start would only repeat: wrong usage, configuration, already running, permissions. */
const FINAL = [EXIT.ok, EXIT.usage, EXIT.config, EXIT.conflict, EXIT.permission];

/** "$@" is the daemon. A signal ends the daemon and, through its exit code, the loop. */
const SUPERVISOR = `trap 'kill "$child" 2>/dev/null; stop=1' TERM INT HUP
while :; do
  "$@" & child=$!
  wait "$child"; code=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
  [ -n "$stop" ] && exit 0
  case $code in ${FINAL.join('|')}) exit $code;; esac
  sleep 1
  [ -n "$stop" ] && exit 0
done`;

export interface BackgroundControl {
  /** Pid of the daemon that answers, or null. */
  running(): Promise<number | null>;
  /** Asks it to stop, and waits until process `pid` is gone. */
  stop(pid: number): Promise<void>;
}

/** `pidFile`: where the supervisor's pid is kept, so that it can be ended between two starts of the daemon. `why`: no service, a sentence for the user. */
export function backgroundService(control: BackgroundControl, pidFile: string, why: string): Service {
  /** The supervisor's pid where it lives; a pid that was given to another program is not it. */
  function supervisor(): number | null {
    const pid = fs.existsSync(pidFile) ? Number(fs.readFileSync(pidFile, 'utf8')) : 0;
    if (!Number.isInteger(pid) || pid < 2) return null;
    const found = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return found.stdout.includes('clawtab-daemon') ? pid : null;
  }

  /** Ends supervisor and daemon, and waits for both. False where neither was there. */
  async function end(): Promise<boolean> {
    const pid = supervisor();
    const daemon = await control.running();
    if (pid !== null) process.kill(pid, 'SIGTERM');
    if (daemon !== null) await control.stop(daemon);
    // It ends as soon as its child has; one that does not is no reason to hang.
    for (let tries = 0; pid !== null && supervisor() === pid && tries < 200; tries++)
      await new Promise((resolve) => setTimeout(resolve, 25));
    fs.rmSync(pidFile, { force: true });
    return pid !== null || daemon !== null;
  }

  async function status(): Promise<ServiceState> {
    const pid = await control.running();
    if (pid !== null) return { state: 'running', pid };
    return supervisor() === null ? { state: 'not_installed' } : { state: 'running', pid: null };
  }

  function launch(spec: ServiceSpec): void {
    const out = fs.openSync(spec.logFile, 'a', 0o600);
    const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'clawtab-daemon', ...spec.argv], {
      detached: true,
      cwd: '/',
      env: { ...spec.env },
      stdio: ['ignore', out, out],
    });
    fs.closeSync(out);
    child.unref();
    fs.writeFileSync(pidFile, String(child.pid), { mode: 0o600 });
  }

  return {
    kind: 'background',
    status,
    async start(spec): Promise<Report> {
      if ((await status()).state === 'running') return ['The daemon runs already.'];
      launch(spec);
      return ['Started the daemon in the background.', why];
    },
    async stop() {
      return [(await end()) ? 'Stopped the daemon.' : 'The daemon was not running.'];
    },
    async restart(spec) {
      await end();
      launch(spec);
      return ['Restarted the daemon.'];
    },
    async uninstall() {
      return [
        (await end()) ? 'Stopped the daemon. No service was installed.' : 'No service was installed, and the daemon was not running.',
      ];
    },
  };
}
