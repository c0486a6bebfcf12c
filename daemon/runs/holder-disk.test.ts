/** A holder whose disk takes no more: a limit of the kernel stands in for a full one. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printed, TestRuns, until } from './test-run.ts';

let runs: TestRuns;
beforeEach(() => {
  runs = new TestRuns();
});
afterEach(() => runs.remove());

describe('a disk that takes no more', () => {
  /** The kernel's limit on the size of a file the holder writes: as a full disk, without needing one. */
  const limitFiles = (pid: number, bytes: number | 'unlimited'): void =>
    void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);

  it('never stops the agent; what it cost is a gap that says so, and the log goes on by itself', async () => {
    const run = await runs.sh(
      'echo up; read a; yes "$(printf %099d 0)" | head -c 1000000; printf MIDDLE; while read b; do printf +; done; printf END',
    );
    const client = await runs.connect(run);
    await client.subscribe(0);
    limitFiles(run.holderPid, 100_000);
    const middle = printed(client, 'MIDDLE');
    await client.input(Buffer.from('\n'));
    await middle; // Viewers that keep up have it all the same.
    expect((await client.refresh()).log).toMatchObject({ trouble: 'EFBIG' });
    limitFiles(run.holderPid, 'unlimited');
    // The disk is tried again with the next output, though not with each: as many as it takes.
    while ((await client.refresh()).log.trouble !== null) {
      const more = printed(client, '+');
      await client.input(Buffer.from('\n'));
      await more;
    }
    await client.input(Buffer.from('\x04'));
    await until(() => runs.store.get(run.id)?.exit != null, 'its end');
    // Read from offset to offset: what is not there is a gap that says so, and nothing else is missing.
    const { bytes, gaps, exit, end } = runs.stored(run);
    expect(exit).toMatchObject({ code: 0, endOffset: end });
    // More than one where the machine is slow: each new file takes bytes up to the limit again.
    expect(new Set(gaps.map(({ why }) => why))).toEqual(new Set(['write_error']));
    expect(bytes.toString().endsWith('END')).toBe(true);
    client.close();
  });

  it('gets the exit record as soon as there is room', async () => {
    const run = await runs.sh('read a; printf END; exit 5');
    const client = await runs.connect(run);
    limitFiles(run.holderPid, 0);
    await client.subscribe();
    const exit = new Promise((resolve) => client.once('exit', resolve));
    await client.input(Buffer.from('\n'));
    expect(await exit).toMatchObject({ code: 5 });
    expect(runs.store.get(run.id)?.exit).toBeNull();
    limitFiles(run.holderPid, 'unlimited');
    await until(() => runs.store.get(run.id)?.exit != null, 'the exit record');
    expect(runs.store.get(run.id)?.exit).toMatchObject({ code: 5, how: 'exited' });
  });
});
