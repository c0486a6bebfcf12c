/** The daemon as a unit of `systemd --user`. `KillMode=process`: pty holders outlive a restart. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT } from '../../shared/errors.ts';
import { must, type Report, type RunCommand, type Service, type ServiceSpec, type ServiceState } from './service.ts';

export const UNIT = 'clawtab.service';

/** A word of ExecStart or Environment: quoted, with systemd's own specials (`%`, `$`, `\`, `"`) escaped. */
export function unitWord(text: string, dollar: boolean): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('\n', '\\n');
  return `"${dollar ? escaped.replaceAll('$', '$$$$') : escaped}"`;
}

export function systemdUnit(spec: ServiceSpec): string {
  const environment = Object.entries(spec.env).map(([name, value]) => `Environment=${unitWord(`${name}=${value}`, false)}`);
  return `${[
    '[Unit]',
    'Description=ClawTab daemon: coding agents and their questions',
    'Documentation=man:clawtab(1)',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${spec.argv.map((word) => unitWord(word, true)).join(' ')}`,
    ...environment,
    // Holders are children that must outlive the daemon.
    'KillMode=process',
    // They share its control group: an agent that the kernel kills for its memory must not take the daemon along.
    'OOMPolicy=continue',
    'Restart=on-failure',
    'RestartSec=2',
    // What another start would only repeat: wrong usage, configuration, already running, permissions.
    `RestartPreventExitStatus=${EXIT.usage} ${EXIT.config} ${EXIT.conflict} ${EXIT.permission}`,
    `StandardOutput=append:${spec.logFile.replaceAll('%', '%%')}`,
    `StandardError=append:${spec.logFile.replaceAll('%', '%%')}`,
    '',
    '[Install]',
    'WantedBy=default.target',
  ].join('\n')}\n`;
}

export function systemdService(home: string, configHome: string | undefined, user: string, run: RunCommand): Service {
  const file = join(configHome ?? join(home, '.config'), 'systemd/user', UNIT);
  const ctl = (...args: string[]) => must(run, 'systemctl', ['--user', ...args]);

  async function status(): Promise<ServiceState> {
    if (!existsSync(file)) return { state: 'not_installed' };
    const shown = await run('systemctl', ['--user', 'show', UNIT, '--property=ActiveState,MainPID']);
    const pid = Number(/^MainPID=(\d+)$/m.exec(shown.stdout)?.[1] ?? 0);
    return /^ActiveState=(active|activating|reloading)$/m.test(shown.stdout)
      ? { state: 'running', pid: pid || null }
      : { state: 'stopped' };
  }

  /** True where the unit file was written anew. */
  async function install(spec: ServiceSpec): Promise<boolean> {
    const text = systemdUnit(spec);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) return false;
    mkdirSync(dirname(file), { recursive: true });
    mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o644 });
    await ctl('daemon-reload');
    return true;
  }

  async function lingering(): Promise<Report> {
    const shown = await run('loginctl', ['show-user', user, '--property=Linger']);
    return /Linger=yes/.test(shown.stdout) ? [] : [`It stops when you log out. To keep it: \`loginctl enable-linger ${user}\`.`];
  }

  return {
    kind: 'systemd',
    status,
    async start(spec) {
      const report: Report = (await install(spec)) ? [`Wrote ${file}.`] : [];
      if ((await status()).state === 'running') return [...report, 'The daemon runs already.'];
      await ctl('enable', '--now', UNIT);
      return [...report, `Started ${UNIT}; it starts again at every login.`, ...(await lingering())];
    },
    async stop() {
      if ((await status()).state !== 'running') return ['The daemon was not running.'];
      await ctl('stop', UNIT);
      return [`Stopped ${UNIT}.`];
    },
    async restart(spec) {
      const wrote = await install(spec);
      await ctl('enable', UNIT);
      await ctl('restart', UNIT);
      return [...(wrote ? [`Wrote ${file}.`] : []), `Restarted ${UNIT}.`];
    },
    async uninstall() {
      if (!existsSync(file)) return ['No service was installed.'];
      await ctl('disable', '--now', UNIT);
      rmSync(file, { force: true });
      await ctl('daemon-reload');
      return [`Stopped ${UNIT}.`, `Removed ${file}.`];
    },
  };
}
