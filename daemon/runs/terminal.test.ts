/** `clawtab run` and `clawtab attach` as a person has them: each as a process of its own behind a real terminal. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownCommand } from '../own-command.ts';
import { openState } from '../state.ts';
import { makePlace, type Place } from '../test-daemon.ts';
import { type Pty, spawnPty } from './pty.ts';
import { RunStore } from './run-store.ts';
import { exitStatus } from './terminal.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(async () => {
  const store = new RunStore(openState(place.env));
  for (const { run } of await store.adopt()) {
    const client = await store.connect(run, { role: 'daemon' }).catch(() => null);
    if (client === null) continue; // it has ended by itself meanwhile
    const ended = new Promise((resolve) => client.once('exit', resolve).once('lost', () => resolve(null)));
    await client.subscribe();
    await client.stop('test', { signal: 'SIGKILL', graceMs: 0 }).catch(() => undefined);
    await ended;
  }
  place.remove();
});

/** A terminal with `clawtab ARGS` in it. */
class Desk {
  readonly pty: Pty;
  text = '';
  exit: { code: number | null; signal: string | null } | null = null;
  #wake: (() => void)[] = [];

  constructor(args: readonly string[], size = { cols: 90, rows: 20 }) {
    const env = Object.fromEntries(Object.entries({ ...place.env, TERM: 'xterm-256color' }).map(([k, v]) => [k, String(v)]));
    const heard = (note: () => void): void => {
      note();
      for (const wake of this.#wake.splice(0)) wake();
    };
    this.pty = spawnPty({
      argv: [...ownCommand('cli'), ...args],
      env,
      cwd: place.dir,
      ...size,
      onData: (bytes) => {
        const more = bytes.toString('latin1');
        heard(() => {
          this.text += more;
        });
      },
      onExit: (code, signal) =>
        heard(() => {
          this.exit = { code, signal };
        }),
    });
  }

  type(text: string): void {
    this.pty.write(Buffer.from(text));
  }

  async until(holds: () => boolean): Promise<void> {
    const dueMs = performance.now() + 20_000;
    while (!holds()) {
      if (performance.now() > dueMs) throw new Error(`it did not come; the terminal shows ${JSON.stringify(this.text.slice(-1500))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
  shows(text: string): Promise<void> {
    return this.until(() => this.text.includes(text));
  }
  ended(): Promise<void> {
    return this.until(() => this.exit !== null);
  }
}

const agent = (source: string): string[] => {
  const file = path.join(place.dir, 'agent.cjs');
  fs.writeFileSync(file, source);
  return [process.execPath, file];
};

describe('a run at the desk', () => {
  it.each([
    ['a code', 'exit 7', 7],
    ['success', 'exit 0', 0],
    ['a signal', 'kill -KILL $$', 137],
  ])('ends with the exit of its command: %s', async (_name, script, code) => {
    const desk = new Desk(['run', '--', 'sh', '-c', `echo here; ${script}`]);
    await desk.ended();
    expect(desk.text).toContain('here');
    expect(desk.exit).toEqual({ code, signal: null });
  });

  it('passes keys, Ctrl-C, Ctrl-\\, the window size and TERM through', async () => {
    const desk = new Desk([
      'run',
      '--',
      ...agent(`process.stdin.setRawMode(true);
const say = (t) => process.stdout.write('<' + t + '>\\r\\n');
say(process.env.TERM + ' ' + process.stdout.columns + 'x' + process.stdout.rows);
process.stdout.on('resize', () => say(process.stdout.columns + 'x' + process.stdout.rows));
process.stdin.on('data', (b) => { say(JSON.stringify(String(b))); if (String(b).includes('q')) process.exit(3); });`),
    ]);
    await desk.shows('<xterm-256color 90x20>');
    desk.type('é');
    await desk.shows(Buffer.from('<"é">').toString('latin1'));
    desk.type('\x03');
    await desk.shows('<"\\u0003">');
    desk.type('\x1c');
    await desk.shows('<"\\u001c">');
    desk.pty.resize(70, 15);
    await desk.shows('<70x15>');
    desk.type('q');
    await desk.ended();
    expect(desk.exit).toEqual({ code: 3, signal: null });
  });

  it('does not count a terminal’s own replies as typing', async () => {
    const desk = new Desk([
      'run',
      '--name',
      'asker',
      '--',
      ...agent(`process.stdin.setRawMode(true); process.stdout.write('\\x1b[6n');
process.stdin.on('data', (b) => process.stdout.write('<' + JSON.stringify(String(b)) + '>'));`),
    ]);
    await desk.shows('\x1b[6n');
    desk.type('\x1b[1;1R');
    await desk.shows('<"\\u001b[1;1R">');
    const store = new RunStore(openState(place.env));
    const client = await store.connect(store.find('asker').run, { role: 'viewer' });
    expect(client.status.localInputs).toBe(0);
    desk.type('k');
    await desk.shows('<"k">');
    expect((await client.refresh()).localInputs).toBe(1);
    client.close();
  });

  it('is left with Ctrl-\\ d, goes on, and is joined again with its whole screen', async () => {
    const source = agent(`const out = (t) => process.stdout.write(t);
process.stdin.setRawMode(true);
out('\\x1b[?1049h\\x1b[?25l\\x1b[?2004h\\x1b[2J\\x1b[3;5HTHE-SCREEN\\x1b[10;1Hbottom');
process.stdin.on('data', (b) => { out('\\x1b[12;1Hgot ' + JSON.stringify(String(b))); if (String(b) === 'q') { out('\\x1b[?1049l\\x1b[?25h\\x1b[?2004l'); process.exit(0); } });`);
    const first = new Desk(['run', '--name', 'painter', '--', ...source]);
    await first.shows('bottom');
    first.type('\x1cd');
    await first.ended();
    expect(first.exit?.code).toBe(0);
    expect(first.text).toContain('Left painter; it goes on.');
    // What the agent switched on is off again before the shell has the terminal back.
    const after = first.text.slice(first.text.indexOf('bottom'));
    for (const off of ['\x1b[?1049l', '\x1b[?25h', '\x1b[?2004l']) expect(after).toContain(off);

    const second = new Desk(['attach', 'painter']);
    await second.shows('THE-SCREEN');
    await second.shows('bottom');
    for (const on of ['\x1b[?1049h', '\x1b[?25l', '\x1b[?2004h']) expect(second.text).toContain(on);
    second.type('x');
    await second.shows('got "x"');
    second.type('q');
    await second.ended();
    expect(second.exit).toEqual({ code: 0, signal: null });
  });

  it('goes on when its window is closed', async () => {
    const desk = new Desk(['run', '--name', 'stays', '--', 'sh', '-c', 'echo up; exec sleep 100']);
    await desk.shows('up');
    process.kill(desk.pty.pid, 'SIGHUP');
    await desk.ended();
    const store = new RunStore(openState(place.env));
    expect(await store.adopt()).toHaveLength(1);
  });

  it('hands piped input over and its end', async () => {
    const cli = ownCommand('cli').map((word) => `'${word}'`);
    const desk = new Desk(['run', '--', 'sh', '-c', `printf 'one\\ntwo' | ${cli.join(' ')} run -- cat; echo "rc=$?"`]);
    await desk.shows('rc=0');
    expect(desk.text).toContain('two');
  });
});

describe('exit status', () => {
  const exit = (code: number | null, signal: string | null) => ({
    v: 1 as const,
    code,
    signal,
    how: 'exited' as const,
    endOffset: 0,
    endedMs: 0,
    stoppedBy: null,
  });
  it('is the command’s own, or 128 and the signal', () => {
    const all = [exit(0, null), exit(7, null), exit(null, 'SIGKILL'), exit(null, 'SIGINT')].map(exitStatus);
    expect(all).toEqual([0, 7, 137, 130]);
  });
});
