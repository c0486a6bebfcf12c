/** The daemon as a LaunchAgent of the logged-in user: `launchctl bootstrap`, `kickstart`, `bootout` in the domain gui/UID. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'plist';
import { must, type Report, type RunCommand, type Service, type ServiceSpec, type ServiceState } from './service.ts';

export const LABEL = 'dev.clawtab.daemon';
/** launchctl's own exit code for a service that it does not know. */
const NOT_FOUND = 113;

/** The property list: absolute paths, captured PATH and locale, restarts after a crash, leaves pty holders alive. */
export function launchAgent(spec: ServiceSpec): string {
  return build({
    Label: LABEL,
    ProgramArguments: [...spec.argv],
    EnvironmentVariables: { ...spec.env },
    WorkingDirectory: spec.home,
    RunAtLoad: true,
    // After a crash only: an exit with 0 (daemon stop) is meant.
    KeepAlive: { SuccessfulExit: false },
    // Holders are children that must outlive the daemon.
    AbandonProcessGroup: true,
    ProcessType: 'Interactive',
    ThrottleInterval: 5,
    StandardOutPath: spec.logFile,
    StandardErrorPath: spec.logFile,
  });
}

export function launchdService(home: string, uid: number, run: RunCommand): Service {
  const domain = `gui/${uid}`;
  const target = `${domain}/${LABEL}`;
  const file = join(home, 'Library/LaunchAgents', `${LABEL}.plist`);

  async function status(): Promise<ServiceState> {
    const printed = await run('launchctl', ['print', target]);
    if (printed.code === NOT_FOUND || printed.code === 3) return { state: existsSync(file) ? 'stopped' : 'not_installed' };
    const pid = /^\s*pid = (\d+)$/m.exec(printed.stdout)?.[1];
    return /^\s*state = running$/m.test(printed.stdout)
      ? { state: 'running', pid: pid === undefined ? null : Number(pid) }
      : { state: 'stopped' };
  }

  const loaded = async (): Promise<boolean> => (await run('launchctl', ['print', target])).code === 0;

  async function unload(): Promise<boolean> {
    if (!(await loaded())) return false;
    await must(run, 'launchctl', ['bootout', target]);
    return true;
  }

  async function start(spec: ServiceSpec): Promise<Report> {
    const report: Report = [];
    const text = launchAgent(spec);
    const changed = !existsSync(file) || readFileSync(file, 'utf8') !== text;
    if (changed) {
      mkdirSync(dirname(file), { recursive: true });
      mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o700 });
      // A job keeps the definition it was bootstrapped with, so a changed one is loaded anew.
      await unload();
      writeFileSync(file, text, { mode: 0o644 });
      report.push(`Wrote ${file}.`);
    }
    if (!(await loaded())) {
      await must(run, 'launchctl', ['bootstrap', domain, file]);
      report.push(`Loaded ${LABEL} into ${domain}; it starts again at every login.`);
      return report;
    }
    if ((await status()).state === 'running') return [...report, 'The daemon runs already.'];
    await must(run, 'launchctl', ['kickstart', target]);
    return [...report, `Started ${LABEL}.`];
  }

  return {
    kind: 'launchd',
    start,
    status,
    async stop() {
      return (await unload()) ? [`Stopped ${LABEL}; it comes back with \`clawtab daemon start\`.`] : ['The daemon was not running.'];
    },
    async restart(spec) {
      const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
      if (!(await loaded()) || before !== launchAgent(spec)) return start(spec);
      await must(run, 'launchctl', ['kickstart', '-k', target]);
      return [`Restarted ${LABEL}.`];
    },
    async uninstall() {
      const stopped = await unload();
      const existed = existsSync(file);
      rmSync(file, { force: true });
      return [...(stopped ? [`Stopped ${LABEL}.`] : []), existed ? `Removed ${file}.` : 'No service was installed.'];
    },
  };
}
