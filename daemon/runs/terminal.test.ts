import { describe, expect, it } from 'vitest';
import { DetachKey, exitStatus } from './terminal.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (b: Uint8Array): string => new TextDecoder().decode(b);

describe('detach key', () => {
  it.each([
    ['ordinary keys', ['ls\r'], 'ls\r', false],
    ['Ctrl-\\ then d', ['\x1cd'], '', true],
    ['the two apart', ['a\x1c', 'd'], 'a', true],
    ['Ctrl-\\ and another key', ['\x1c', 'q'], '\x1cq', false],
    ['Ctrl-\\ twice, then d', ['\x1c\x1cd'], '\x1c', true],
  ])('%s', (_name, chunks, passed, detach) => {
    const key = new DetachKey();
    const results = chunks.map((c) => key.push(bytes(c)));
    expect(results.map((r) => text(r.pass)).join('')).toBe(passed);
    expect(results.at(-1)!.detach).toBe(detach);
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
    expect([
      exitStatus(exit(0, null)),
      exitStatus(exit(7, null)),
      exitStatus(exit(null, 'SIGKILL')),
      exitStatus(exit(null, 'SIGINT')),
    ]).toEqual([0, 7, 137, 130]);
  });
});
