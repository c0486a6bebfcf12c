import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backgroundService } from './background.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-bg-'));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

/** A daemon that notes each of its starts and ends with the codes of `codes`, one after another; 'live' stays. */
function script(codes: string): string[] {
  const file = path.join(dir, 'fake.sh');
  fs.writeFileSync(
    file,
    `n=$(cat "${dir}/count" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "${dir}/count"; echo $$ > "${dir}/pid"
set -- ${codes}; eval "code=\\\${$n}"; [ "$code" = live ] && exec sleep 60; exit "$code"`,
  );
  return ['/bin/sh', file];
}

const spec = (argv: string[]) => ({ argv, env: { PATH: process.env.PATH! }, logFile: path.join(dir, 'log'), home: dir, uid: 0 });
const pidFile = (): string => path.join(dir, 'supervisor.pid');
const count = (): number => (fs.existsSync(path.join(dir, 'count')) ? Number(fs.readFileSync(path.join(dir, 'count'), 'utf8')) : 0);
const idle = { running: async () => null, stop: async () => undefined };

async function until(holds: () => boolean): Promise<void> {
  const due = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > due) throw new Error('it did not happen in 15 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const supervisors = (): string =>
  fs
    .readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path.join(dir, 'fake.sh')) ? [pid] : [];
      } catch {
        return [];
      }
    })
    .join(' ');

describe('the background service', () => {
  it('starts the daemon again after a crash, and ends with it when it ends on purpose', async () => {
    const report = await backgroundService(idle, pidFile(), 'Not at login.').start(spec(script('1 137 0')));
    expect(report.join(' ')).toContain('background');
    await until(() => count() === 3 && supervisors() === '');
  });

  it('does not repeat what another start cannot mend', async () => {
    for (const code of ['2', '3', '6', '7']) {
      fs.rmSync(path.join(dir, 'count'), { force: true });
      await backgroundService(idle, pidFile(), 'Not at login.').start(spec(script(`${code} live`)));
      await until(() => count() === 1 && supervisors() === '');
    }
  });

  it('passes a signal on and ends', async () => {
    await backgroundService(idle, pidFile(), 'Not at login.').start(spec(script('live')));
    await until(() => count() === 1 && supervisors() !== '');
    spawn('kill', ['-TERM', ...supervisors().split(' ').slice(0, 1)]);
    await until(() => supervisors() === '');
  });

  it('can be stopped between two starts of the daemon', async () => {
    const service = backgroundService(idle, pidFile(), 'Not at login.');
    await service.start(spec(script('1 live')));
    await until(() => count() === 1 && fs.existsSync(pidFile()));
    expect(await service.stop()).toEqual(['Stopped the daemon.']);
    await until(() => supervisors() === '');
    expect(count()).toBe(1);
    expect(await service.stop()).toEqual(['The daemon was not running.']);
  });

  it('says what it finds', async () => {
    const running = backgroundService({ running: async () => 42, stop: async () => undefined }, pidFile(), 'Not at login.');
    expect(await running.status()).toEqual({ state: 'running', pid: 42 });
    expect(await running.start(spec(['false']))).toEqual(['The daemon runs already.']);
    expect(await running.stop()).toEqual(['Stopped the daemon.']);
    expect(await backgroundService(idle, pidFile(), 'Not at login.').stop()).toEqual(['The daemon was not running.']);
    expect(count()).toBe(0);
  });
});
