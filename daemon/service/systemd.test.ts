/** The user unit: checked by systemd itself where that is installed, and run through a systemctl that enforces the real one's rules. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from './service.ts';
import { serviceEnvironment } from './service.ts';
import { systemdService, systemdUnit, UNIT, unitWord } from './systemd.ts';
import { type ServicePlace, servicePlace } from './test-service.ts';

let place: ServicePlace;
let service: Service;
let unit: string;
beforeEach(() => {
  place = servicePlace({ systemctl: 'fake-systemctl.mjs', loginctl: 'fake-systemctl.mjs' });
  service = systemdService(place.dir, undefined, 'me', place.run);
  unit = path.join(place.dir, '.config/systemd/user', UNIT);
});
afterEach(async () => {
  await service.uninstall();
  place.remove();
});

const daemon = (): string[] => ['/bin/sh', '-c', 'echo "up $$ 100% \\"$GREETING\\""; trap "exit 0" TERM; while :; do sleep 0.1; done'];

describe('the unit', () => {
  const spec = () => place.spec([process.execPath, '/home/me/a "b" $HOME 50%/cli.js', 'daemon', 'run'], { LC_ALL: 'de_DE.UTF-8' });

  it('escapes what systemd would read', () => {
    expect(unitWord('a "b" $HOME 50% \\ c', true)).toBe('"a \\"b\\" $$HOME 50%% \\\\ c"');
    expect(unitWord('A=$x', false)).toBe('"A=$x"');
  });

  it('says what it must', () => {
    const text = systemdUnit(spec());
    for (const line of [
      'KillMode=process',
      'OOMPolicy=continue',
      'Restart=on-failure',
      'RestartPreventExitStatus=2 3 6 7',
      'WantedBy=default.target',
      'Type=exec',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toContain('Environment="LC_ALL=de_DE.UTF-8"');
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  it(`is what systemd-analyze finds no fault with (${analyze ? 'checked here' : 'systemd is not installed here: read by its grammar only'})`, () => {
    const file = path.join(place.dir, UNIT);
    fs.writeFileSync(file, systemdUnit(spec()));
    for (const line of fs.readFileSync(file, 'utf8').split('\n')) expect(line).toMatch(/^(?:\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=.+|)$/);
    if (!analyze) return;
    const verify = (): { code: number | null; said: string } => {
      const env = { PATH: process.env.PATH, HOME: place.dir, XDG_RUNTIME_DIR: place.dir };
      const ran = spawnSync('systemd-analyze', ['--user', '--man=no', 'verify', file], { encoding: 'utf8', env });
      return { code: ran.status, said: ran.stderr };
    };
    expect(verify()).toEqual({ code: 0, said: '' });
    fs.writeFileSync(file, systemdUnit(spec()).replace('KillMode=process', 'KillMode=everything'));
    expect(verify().said).toContain('kill mode');
  });
});

describe('what a service is told of the environment', () => {
  it('is what it needs, and nothing that could be a secret', () => {
    const env = {
      PATH: '/bin',
      LANG: 'C',
      LC_ALL: 'C',
      HOME: '/h',
      XDG_DATA_HOME: '/d',
      CLAWTAB_STATE: '/s',
      ANTHROPIC_API_KEY: 'k',
      GITHUB_TOKEN: 't',
    };
    expect(Object.keys(serviceEnvironment({ ...env, NODE_OPTIONS: '--x', LD_PRELOAD: 'y', CLAWTAB_RUN: 'r' })).sort()).toEqual(
      ['CLAWTAB_STATE', 'HOME', 'LANG', 'LC_ALL', 'PATH', 'XDG_DATA_HOME'].sort(),
    );
  });
});

describe('the user service', () => {
  it('starts, says where and what happens at logout; starting again does nothing', async () => {
    expect(await service.status()).toEqual({ state: 'not_installed' });
    const report = await service.start(place.spec(daemon(), { GREETING: 'a "quoted" $HOME' }));
    expect(report).toEqual([
      `Wrote ${unit}.`,
      `Started ${UNIT}; it starts again at every login.`,
      'It stops when you log out. To keep it: `loginctl enable-linger me`.',
    ]);
    const state = await service.status();
    expect(state).toEqual({ state: 'running', pid: expect.any(Number) });
    expect(await service.start(place.spec(daemon(), { GREETING: 'a "quoted" $HOME' }))).toEqual(['The daemon runs already.']);
    const out = path.join(place.dir, 'logs dir', 'daemon.out');
    while (!fs.readFileSync(out, 'utf8').includes('up')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fs.readFileSync(out, 'utf8')).toContain(`up ${state.state === 'running' ? state.pid : ''} 100% "a "quoted" $HOME"`);
  });

  it('stops, starts again, and stopping twice is no error', async () => {
    await service.start(place.spec(daemon()));
    expect(await service.stop()).toEqual([`Stopped ${UNIT}.`]);
    expect(await service.status()).toEqual({ state: 'stopped' });
    expect(await service.stop()).toEqual(['The daemon was not running.']);
    expect((await service.start(place.spec(daemon())))[0]).toBe(`Started ${UNIT}; it starts again at every login.`);
  });

  it('restarts with another process and, after a change, with the new definition', async () => {
    await service.start(place.spec(daemon()));
    const before = await service.status();
    expect(await service.restart(place.spec(daemon()))).toEqual([`Restarted ${UNIT}.`]);
    expect(await service.status()).not.toEqual(before);
    expect(await service.restart(place.spec(daemon(), { LC_ALL: 'C' }))).toEqual([`Wrote ${unit}.`, `Restarted ${UNIT}.`]);
    expect(place.calls()).toContain('--user daemon-reload');
  });

  it('leaves the children of the daemon alone, as KillMode=process does', () => {
    // The rule itself is systemd's; that the unit says it is checked above. Here: nothing else in it takes them along.
    expect(systemdUnit(place.spec(daemon()))).not.toMatch(/^(?:ExecStopPost|SendSIGKILL|KillSignal)=/m);
  });

  it('is uninstalled without a rest, twice if need be', async () => {
    await service.start(place.spec(daemon()));
    expect(await service.uninstall()).toEqual([`Stopped ${UNIT}.`, `Removed ${unit}.`]);
    expect(fs.existsSync(unit)).toBe(false);
    expect(await service.uninstall()).toEqual(['No service was installed.']);
  });

  it('names the command that failed', async () => {
    const broken = systemdService(place.dir, undefined, 'me', async (command, args) =>
      args.includes('enable') ? { code: 1, stdout: '', stderr: 'Failed to connect to bus' } : place.run(command, args),
    );
    await expect(broken.start(place.spec(daemon()))).rejects.toMatchObject({
      code: 'service_failed',
      message: `\`systemctl --user enable --now ${UNIT}\` failed with 1: Failed to connect to bus.`,
    });
  });
});
