/** The daemon as a LaunchAgent of the logged-in user: `launchctl bootstrap`, `kickstart`, `bootout` in the domain gui/UID. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'plist';
import { ClawError } from '../../shared/errors.ts';
import { LAUNCHD_LABEL, must, type Report, type RunCommand, type Service, type ServiceSpec, type ServiceState } from './service.ts';

/** Exit codes of launchctl: a service that it does not know (`print`, `kickstart`), one that has gone meanwhile, one that takes a moment to end. */
const NOT_FOUND = 113;
const NO_SUCH_PROCESS = 3;
const IN_PROGRESS = 36;
/** launchd gives a job 20 s (ExitTimeOut) before it kills it. */
const UNLOAD_MS = 25_000;

/** The property list: absolute paths, captured PATH and locale, restarts after a crash, leaves pty holders alive. */
export function launchAgent(spec: ServiceSpec): string {
  return build({
    Label: LAUNCHD_LABEL,
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
  const target = `${domain}/${LAUNCHD_LABEL}`;
  const file = join(home, 'Library/LaunchAgents', `${LAUNCHD_LABEL}.plist`);

  async function status(): Promise<ServiceState> {
    const printed = await run('launchctl', ['print', target]);
    if (printed.code === NOT_FOUND || printed.code === NO_SUCH_PROCESS) return { state: existsSync(file) ? 'stopped' : 'not_installed' };
    const pid = /^\s*pid = (\d+)$/m.exec(printed.stdout)?.[1];
    return /^\s*state = running$/m.test(printed.stdout)
      ? { state: 'running', pid: pid === undefined ? null : Number(pid) }
      : { state: 'stopped' };
  }

  const loaded = async (): Promise<boolean> => (await run('launchctl', ['print', target])).code === 0;

  /** Resolves when launchd has really let go of it: a bootstrap before that fails with “5: Input/output error”. */
  async function unload(): Promise<boolean> {
    if (!(await loaded())) return false;
    await must(run, 'launchctl', ['bootout', target], [NOT_FOUND, NO_SUCH_PROCESS, IN_PROGRESS]);
    const dueMs = performance.now() + UNLOAD_MS;
    while (await loaded()) {
      if (performance.now() > dueMs)
        throw new ClawError('service_failed', `launchd does not let go of ${LAUNCHD_LABEL}.`, {
          hint: `Look at it: launchctl print ${target}`,
        });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
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
      // A label that was once disabled stays so over reinstallations, and bootstrap then fails without saying why.
      await must(run, 'launchctl', ['enable', target]);
      await must(run, 'launchctl', ['bootstrap', domain, file]);
      report.push(`Loaded ${LAUNCHD_LABEL} into ${domain}; it starts again at every login.`);
      return report;
    }
    if ((await status()).state === 'running') return [...report, 'The daemon runs already.'];
    await must(run, 'launchctl', ['kickstart', target]);
    return [...report, `Started ${LAUNCHD_LABEL}.`];
  }

  return {
    kind: 'launchd',
    start,
    status,
    async stop() {
      return (await unload())
        ? [`Stopped ${LAUNCHD_LABEL}; it comes back with \`clawtab daemon start\`.`]
        : ['The daemon was not running.'];
    },
    async restart(spec) {
      const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
      if (!(await loaded()) || before !== launchAgent(spec)) return start(spec);
      await must(run, 'launchctl', ['kickstart', '-k', target]);
      return [`Restarted ${LAUNCHD_LABEL}.`];
    },
    async uninstall() {
      const stopped = await unload();
      const existed = existsSync(file);
      rmSync(file, { force: true });
      return [...(stopped ? [`Stopped ${LAUNCHD_LABEL}.`] : []), existed ? `Removed ${file}.` : 'No service was installed.'];
    },
  };
}
