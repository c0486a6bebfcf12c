/** The tail of the output: all of it, with the reader's loop free, busy and stalled over the child's exit. More rounds: npm run verify -- daemon --only=tail. */
import { describe, expect, it } from 'vitest';
import { spawnPty } from './pty.ts';

const env = { PATH: process.env.PATH ?? '', LANG: 'C' };

function run(
  script: string,
  afterSpawn: () => void = () => undefined,
): Promise<{ text: string; code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    const pieces: string[] = [];
    spawnPty({
      argv: ['sh', '-c', script],
      env,
      cwd: '/',
      cols: 80,
      rows: 24,
      onData: (bytes) => pieces.push(bytes.toString('latin1')),
      onExit: (code, signal) => resolve({ text: pieces.join(''), code, signal }),
    });
    afterSpawn();
  });
}

const stall = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Takes most of the loop until `done`. */
function busy(): () => void {
  let on = true;
  const turn = (): void => {
    stall(5);
    if (on) setImmediate(turn);
  };
  turn();
  return () => {
    on = false;
  };
}

const expected = `${Array.from({ length: 20_000 }, (_, i) => `${i + 1}\r\n`).join('')}END`;

describe('a pty', () => {
  it.each([
    ['free', () => undefined, () => undefined],
    ['stalled for 400 ms over the exit', () => stall(400), () => undefined],
    ['busy', () => undefined, busy],
  ])('gives every byte of a child that exits at once, the loop %s', async (_name, afterSpawn, around) => {
    for (let i = 0; i < 6; i++) {
      const done = around();
      const { text, code } = await run('seq 1 20000; printf END', afterSpawn);
      done?.();
      expect(text.length).toBe(expected.length);
      expect(text === expected).toBe(true);
      expect(code).toBe(0);
    }
  });

  it('gives the last words of a child whose terminal a background process keeps open', async () => {
    const { text, code } = await run('sleep 3 & printf last; exit 4');
    expect([text, code]).toEqual(['last', 4]);
  });

  it.each([
    ['exit 0', 0, null],
    ['exit 255', 255, null],
    ['kill -TERM $$', null, 'SIGTERM'],
    ['kill -SEGV $$', null, 'SIGSEGV'],
  ])('tells how it ended: %s', async (script, code, signal) => {
    expect(await run(script)).toMatchObject({ code, signal });
  });

  it('gives binary bytes as they are', async () => {
    const { text } = await run(`stty raw; printf '\\000\\001\\377\\302\\200\\n\\r\\033'`);
    expect(text).toBe('\x00\x01\xff\xc2\x80\n\r\x1b');
  });
});
