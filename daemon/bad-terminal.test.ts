/**
 * Terminal output that means harm, or none: BAD-90 to BAD-101 of the contract, as far as the daemon reads it. What the page makes of the same bytes is tested there;
 * what no prompt is, in the agents' recordings.
 */
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { agent as generic } from './agents/generic/index.ts';
import type { DetectorEvent } from './questions/detector.ts';
import { Watcher } from './questions/watcher.ts';
import { VirtualClock } from './replay.ts';
import { TestRuns } from './runs/test-run.ts';
import { Screen } from './screen.ts';

const COLS = 40;
const ROWS = 6;

/** What the screen shows and answers after these bytes, and then a line of plain text on a cleared screen. */
async function shown(...pieces: (string | Uint8Array)[]): Promise<{ lines: string[]; replies: string[]; title: string }> {
  const replies: string[] = [];
  const screen = new Screen({ cols: COLS, rows: ROWS, onReply: (bytes) => replies.push(bytes) });
  for (const piece of pieces) await screen.feed(piece);
  const { title } = screen.view();
  const lines = screen.view().lines();
  await screen.feed('\x18\x1b[!p\x1b[?1049l\x1b[2J\x1b[Hstill here');
  expect(screen.view().line(0)).toBe('still here');
  screen.dispose();
  return { lines, replies, title };
}

const runs = new TestRuns();
afterAll(() => runs.remove());

describe('output without end', () => {
  it('BAD-90: a line of 8 MiB is in the log whole, and the screen goes on', async () => {
    const count = 8 << 20;
    const run = await runs.sh(`head -c ${count} /dev/zero | tr '\\0' x; printf END`);
    const { bytes, gaps } = await runs.readAll(run);
    expect(gaps).toEqual([]);
    expect(bytes.length).toBe(count + 3);
    expect(bytes.equals(Buffer.from(`${'x'.repeat(count)}END`))).toBe(true);
    expect((await shown('x'.repeat(1 << 20), '\r\nend')).lines.at(-1)).toBe('end');
  }, 60_000);

  it('BAD-91: random bytes and invalid UTF-8 are in the log as they are, half characters at any cut are whole on the screen', async () => {
    const noise = Buffer.concat(Array.from({ length: 2000 }, (_, i) => createHash('sha512').update(String(i)).digest()));
    const run = await runs.node(`process.stdout.write(Buffer.from('${noise.toString('base64')}', 'base64'), () => process.exit(0))`);
    // In raw mode the terminal changes nothing on the way out but line ends.
    const { bytes } = await runs.readAll(run);
    const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');
    expect(digest(bytes.toString('latin1'))).toBe(digest(noise.toString('latin1').replaceAll('\n', '\r\n')));
    await shown(noise);
    // The terminal leaves bytes out that are no character; the log has them.
    expect((await shown(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0x62]))).lines[0]).toBe('a(b');
    const text = Buffer.from('ä€𝄞🚀');
    for (let at = 1; at < text.length; at++) expect((await shown(text.subarray(0, at), text.subarray(at))).lines[0]).toBe('ä€𝄞🚀');
  }, 60_000);
});

describe('control sequences', () => {
  it.each([
    ['OSC 52 that sets the clipboard', '\x1b]52;c;cm0gLXJmIH4=\x07'],
    ['OSC 52 that asks for it', '\x1b]52;c;?\x07'],
    ['a link to javascript:', '\x1b]8;;javascript:alert(1)\x1b\\'],
    ['a link to data:', '\x1b]8;;data:text/html,x\x1b\\'],
    ['a link to file:', '\x1b]8;;file:///etc/passwd\x1b\\'],
    ['a link that ends and one that does not', '\x1b]8;;https://a\x1b\\\x1b]8;;\x1b\\\x1b]8;;javascript:x\x1b\\'],
    ['a link of 10 KiB', `\x1b]8;;file:///${'x'.repeat(10_240)}\x1b\\`],
  ])('BAD-93: %s leaves the text as it is, and types nothing', async (_name, sequence) => {
    const { lines, replies } = await shown(`before ${sequence}text`);
    expect(lines[0]).toBe('before text');
    expect(replies).toEqual([]);
  });

  it.each([
    ['the title', '\x1b]0;rm -rf ~\x07\x1b[21t'],
    ['the icon label', '\x1b[20t'],
    ['the window’s size and place', '\x1b[13t\x1b[14t\x1b[18t\x1b[19t'],
    ['a setting (DECRQSS)', '\x1bP$qm\x1b\\\x1bP$q"p\x1b\\'],
    ['a terminfo name (XTGETTCAP)', '\x1bP+q544e\x1b\\'],
    ['colours (OSC 4, 10, 11, 12)', '\x1b]4;1;?\x07\x1b]10;?\x07\x1b]11;?\x07\x1b]12;?\x07'],
    ['the answerback (ENQ)', '\x05'],
    ['a checksum', '\x1b[1;1;1;1;1;1*y'],
    ['the third attributes', '\x1b[=c'],
  ])('BAD-94: a question for %s gets no answer, since an answer is typed into the agent', async (_name, query) => {
    expect((await shown(query)).replies).toEqual([]);
  });

  it('BAD-94: what is answered holds nothing that the program chose, once for each question', async () => {
    expect((await shown('\x1b[5n\x1b[6n\x1b[c')).replies).toEqual(['\x1b[0n', '\x1b[1;1R', '\x1b[?1;2c']);
  });

  it.each([
    ['a million parameters', `\x1b[${'1;'.repeat(1_000_000)}m`],
    ['a value of three hundred digits', `\x1b[${'9'.repeat(300)}C\x1b[${'9'.repeat(300)}B`],
    ['a repetition of 10^9', 'x\x1b[999999999b'],
    ['a scroll region upside down', '\x1b[5;2r\x1b[999999999S\x1b[999999999T\x1b[999999999L'],
    ['a million tabs', '\t'.repeat(1_000_000)],
    ['tab stops everywhere', '\x1bH\x1b[C'.repeat(10_000)],
    ['lines put in and taken out', '\x1b[999999L\x1b[999999M\x1b[999999@\x1b[999999P\x1b[999999X'],
  ])('BAD-95: %s stays on the screen', async (_name, sequence) => {
    const { lines } = await shown(sequence);
    expect(lines).toHaveLength(ROWS);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(COLS);
  });

  it('BAD-101: every control character, alone and in eight bits, is no text', async () => {
    for (let code = 0; code < 0xa0; code++) {
      if (code >= 0x20 && code < 0x7f) continue;
      const { lines } = await shown(`a${String.fromCodePoint(code)}`);
      expect(`${code}: ${lines.join('')}`).toMatch(/^\d+: (?:a?|aa?)$/);
    }
    await shown(Uint8Array.from([0x61, 0x9b, 0x33, 0x31, 0x6d, 0x62]));
  });

  it('BAD-100: a title of 100 KiB with markup and line breaks is one text of 200 characters', async () => {
    const { title } = await shown(`\x1b]0;<img src=x onerror=alert(1)>${'y'.repeat(60_000)}\x07`);
    expect(title).toHaveLength(200);
    expect(title.startsWith('<img src=x')).toBe(true);
  });

  it('BAD-97: ten thousand marks on one letter are sixteen, joined emoji are one', async () => {
    const { lines } = await shown(`e${'\u0301'.repeat(10_000)}f`);
    expect(lines[0]).toBe(`e${'\u0301'.repeat(16)}f`);
    expect((await shown('👩‍👩‍👧‍👦 ok')).lines[0]).toContain('ok');
  });
});

describe('a screen that will not stand still', () => {
  const watch = (): { clock: VirtualClock; watcher: Watcher; asked(): string[]; open(): number } => {
    const clock = new VirtualClock();
    const events: DetectorEvent[] = [];
    const watcher = new Watcher({ agent: generic, argv: [], cols: 60, rows: 10, clock, onEvent: (event) => events.push(event) });
    return {
      clock,
      watcher,
      asked: () => events.flatMap((event) => (event.event === 'question' ? [event.standing.question.text] : [])),
      open: () => events.reduce((open, e) => open + (e.event === 'question' && e.change === 'new' ? 1 : e.event === 'closed' ? -1 : 0), 0),
    };
  };

  it('BAD-96: a hundred thousand changes to the other screen and back ask nothing', async () => {
    const { clock, watcher, asked } = watch();
    for (let i = 0; i < 100; i++) {
      await watcher.feed('\x1b[?1049h\x1b[?1049l'.repeat(1000));
      clock.advance(clock.nowMs() + 5);
    }
    clock.advance(clock.nowMs() + 2000);
    expect(asked()).toEqual([]);
    watcher.dispose();
  });

  it('BAD-96: a storm of sizes neither closes a question nor asks it anew', async () => {
    const { clock, watcher, asked, open } = watch();
    await watcher.feed('Continue? [y/N] ');
    clock.advance(200);
    for (let i = 0; i < 300; i++) {
      watcher.resize(40 + (i % 40), 8 + (i % 5));
      clock.advance(clock.nowMs() + 3);
    }
    watcher.resize(60, 10);
    clock.advance(clock.nowMs() + 5000);
    expect(new Set(asked())).toEqual(new Set(['Continue? [y/N]']));
    expect(open()).toBe(1);
    watcher.dispose();
  });

  it('BAD-99: words that look like a prompt, a banner or an answer are no question; of two prompts never two are open', async () => {
    const { clock, watcher, asked, open } = watch();
    await watcher.feed('The script prints "Continue? [y/N]" and waits.\r\n```\r\nProceed? (y/n)\r\n```\r\nAnswered by phone: Yes\r\n$ ');
    clock.advance(1000);
    expect(asked()).toEqual([]);
    await watcher.feed('\r\nDelete a? [y/N] \r\nDelete b? [y/N] ');
    clock.advance(clock.nowMs() + 2000);
    expect(open()).toBeLessThanOrEqual(1);
    expect(asked().every((text) => text.includes('Delete b?'))).toBe(true);
    watcher.dispose();
  });

  it.each([
    [
      'that is drawn anew with every key',
      ['Continue? [y/N] ', '\r\x1b[KContinue? [y/N] y', '\r\x1b[KContinue? [y/N] ye', '\r\x1b[KContinue? [y/N] yes'],
    ],
    ['in another language', ['Möchten Sie fortfahren? [j/N] ', '\r\x1b[K続行しますか? [y/N] ']],
    ['longer than the screen', [`${'Does this look right to you, line by line? '.repeat(40)}[y/N] `]],
  ])('BAD-99: of a prompt %s never two are open', async (_name, pieces) => {
    const { clock, watcher, open } = watch();
    for (const piece of pieces) {
      await watcher.feed(piece);
      clock.advance(clock.nowMs() + 1000);
      expect(open()).toBeLessThanOrEqual(1);
    }
    watcher.dispose();
  });
});
