import { describe, expect, it } from 'vitest';
import { DetachKey, onlyMoves, partsOf } from './terminal-input.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('the detach key', () => {
  it.each([
    ['ordinary keys', ['ls\r'], 'ls\r', false],
    ['Ctrl-\\ then d', ['\x1cd'], '', true],
    ['the two apart', ['a\x1c', 'd'], 'a', true],
    ['Ctrl-\\ and another key', ['\x1c', 'q'], '\x1cq', false],
    ['Ctrl-\\ twice, then d', ['\x1c\x1cd'], '\x1c', true],
    ['by the kitty protocol, with keys going up', ['\x1b[92;5u', '\x1b[92;5:3u', '\x1b[100u'], '', true],
    ['by modifyOtherKeys', ['x\x1b[27;5;92~', 'd'], 'x', true],
    ['keys going up without it', ['\x1b[97;1:3u'], '\x1b[97;1:3u', false],
    ['a d alone', ['d'], 'd', false],
  ])('%s', (_name, chunks, passed, detach) => {
    const key = new DetachKey();
    const results = chunks.map((chunk) => key.feed(latin1(chunk)));
    expect(results.map(({ pass }) => pass.toString('latin1')).join('')).toBe(passed);
    expect(results.at(-1)!.detach).toBe(detach);
  });

  it('gives Ctrl-\\ back when nothing follows', () => {
    const key = new DetachKey();
    expect(key.feed(latin1('a\x1c')).pass.toString('latin1')).toBe('a');
    expect(key.holding).toBe(true);
    expect(key.flush().toString('latin1')).toBe('\x1c');
    expect(key.holding).toBe(false);
    expect(key.feed(latin1('d'))).toMatchObject({ detach: false });
  });
});

describe('what a terminal sends', () => {
  it.each([
    ['keys', 'hello\r', ['typed']],
    ['arrows and a function key', '\x1b[A\x1bOP\x1b[15~', ['typed']],
    ['an Esc alone', '\x1b', ['typed']],
    ['a paste', '\x1b[200~two\nlines\x1b[201~', ['typed']],
    ['device attributes', '\x1b[?62;22c', ['reply']],
    ['a cursor report', '\x1b[12;40R', ['reply']],
    ['a mode report', '\x1b[?2026;2$y', ['reply']],
    ['kitty flags', '\x1b[?1u', ['reply']],
    ['a colour', '\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\', ['reply']],
    ['a colour ended by BEL', '\x1b]10;rgb:ff/ff/ff\x07', ['reply']],
    ['a DCS string', '\x1bP>|xterm(390)\x1b\\', ['reply']],
    ['mouse and focus', '\x1b[<0;10;5M\x1b[<0;10;5m\x1b[I\x1b[O', ['other']],
    ['a reply in the middle of typing', 'ab\x1b[1;1Rcd', ['typed', 'reply', 'typed']],
    ['two replies and a mouse', '\x1b[?1;2c\x1b[5;5R\x1b[<64;1;1M', ['reply', 'other']],
    ['a character of four bytes', '\xf0\x9f\x90\x99', ['typed']],
  ])('%s', (_name, text, kinds) => {
    const parts = partsOf(latin1(text));
    expect(parts.map(({ kind }) => kind)).toEqual(kinds);
    expect(Buffer.concat(parts.map(({ bytes }) => bytes)).toString('latin1')).toBe(text);
  });
});

describe('keys that only move', () => {
  it.each(['\x1b[A', '\x1bOB', '\x1b[C\x1b[D', '\x1b[1;1A', '\x1b[1;1:3B'])('are arrows: %j', (keys) => {
    expect(onlyMoves(keys)).toBe(true);
    expect(onlyMoves(latin1(keys))).toBe(true);
  });

  it.each(['', '\x1b', '\x1b[A\r', 'j', ' ', '\x1b[1;2D', '\x1b[Z', '\x1b[H', '1'])('are not %j', (keys) => {
    expect(onlyMoves(keys)).toBe(false);
  });
});
