/** What a choice becomes in Gemini's list of boxes, of which three rows are in view: a dialog that takes keys as Gemini 0.61.0 does. */
import { expect, it } from 'vitest';
import type { Choice, ParsedQuestion } from '../../../shared/question.ts';
import { performChoice } from '../../questions/answering.ts';
import { questionIn } from '../../questions/detector.ts';
import { labelDigest } from '../../questions/digest.ts';
import { Watcher } from '../../questions/watcher.ts';
import { VirtualClock } from '../../replay.ts';
import { agent } from './index.ts';

const ALL = 'All of the above';
const IN_VIEW = 3;
const WIDTH = 60;

/** `ask_user` with `multiSelect`: the rows asked for, then one for all of them, one that takes text, one that sends. */
class Boxes {
  readonly labels: readonly string[];
  readonly rows: string[];
  readonly ticked = new Set<string>();
  sent: string[] | null = null;
  #at = 0;
  #top = 0;

  constructor(labels: readonly string[]) {
    this.labels = labels;
    this.rows = [...labels, ALL, 'Enter a custom value', 'Done'];
  }

  press(bytes: string): void {
    if (bytes === '\x1b[B') this.#at = Math.min(this.rows.length - 1, this.#at + 1);
    else if (bytes === '\x1b[A') this.#at = Math.max(0, this.#at - 1);
    else if (/^[1-9]$/.test(bytes)) {
      this.#at = Number(bytes) - 1;
      this.#flip(this.rows[this.#at]!);
    } else if (bytes === '\r' && this.rows[this.#at] === 'Done') this.sent = this.labels.filter((label) => this.ticked.has(label));
    this.#top = Math.min(Math.max(this.#top, this.#at - IN_VIEW + 1), this.#at);
  }

  #flip(label: string): void {
    const all = this.labels.every((each) => this.ticked.has(each));
    if (label === ALL) for (const each of this.labels) all ? this.ticked.delete(each) : this.ticked.add(each);
    else if (!this.ticked.delete(label)) this.ticked.add(label);
  }

  draw(): string {
    const { labels, rows, ticked } = this;
    const colour = (tone: number, text: string): string => `\x1b[38;5;${tone}m${text}\x1b[39m`;
    const inside = (text: string, tone = 231): string => `${colour(194, '│')} ${colour(tone, text.padEnd(WIDTH))} ${colour(194, '│')}`;
    const list = rows.flatMap((label, n) => {
      if (n < this.#top || n >= this.#top + IN_VIEW) return [];
      const on = label === ALL ? labels.every((each) => ticked.has(each)) : ticked.has(label);
      const head = `${n === this.#at ? '●' : ' '} ${label === 'Done' ? ' ' : `${n + 1}. [${on ? 'x' : ' '}] `}${label}`;
      const about =
        label === ALL ? 'Select all options' : label === 'Done' ? 'Finish selection' : label.startsWith('Enter') ? null : `Use ${label}`;
      const tone = n === this.#at ? 194 : label.startsWith('Enter') ? 248 : 231;
      return [inside(head, tone), ...(about === null ? [] : [inside(`${label === 'Done' ? '   ' : '         '}${about}`, 248)])];
    });
    const rest = [inside('▼', 248), inside(''), inside('Enter to select · ↑/↓ to navigate · Esc to cancel', 248)];
    const head = [
      inside('Answer Questions', 194),
      inside(''),
      inside('Which checks?'),
      inside('(Select all that apply)', 248),
      inside(''),
      inside('▲', 248),
    ];
    const edge = (left: string, right: string): string => colour(194, `${left}${'─'.repeat(WIDTH + 2)}${right}`);
    return `\x1b[H\x1b[J\x1b[?25l${[edge('╭', '╮'), ...head, ...list, ...rest, edge('╰', '╯')].join('\r\n')}\r\n`;
  }
}

async function answered(
  boxes: Boxes,
  picks: readonly string[],
  meddle?: (boxes: Boxes, key: string) => void,
): Promise<{ typed: boolean; why?: string }> {
  const clock = new VirtualClock();
  const watcher = new Watcher({ agent, argv: [], cols: 80, rows: 30, clock, onEvent: () => undefined });
  await watcher.feed(boxes.draw());
  const question = questionIn(watcher.read()) as ParsedQuestion;
  expect(question.options.map((option) => option.label)).toEqual(boxes.rows.slice(0, IN_VIEW));
  const pick = (label: string) => ({
    index: question.options.findIndex((option) => option.label === label),
    labelDigest: labelDigest(label),
  });
  const choice: Choice = { type: 'options', picks: picks.map(pick) };
  let done = false;
  let painting = false;
  const result = performChoice({
    agent,
    watcher,
    question,
    choice,
    clock,
    catchUp: async () => undefined,
    write: async (bytes) => {
      boxes.press(bytes);
      meddle?.(boxes, bytes);
      painting = true;
      await watcher.feed(boxes.draw());
      painting = false;
    },
  }).finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!painting) clock.advance(clock.nowMs() + 20);
  }
  return result;
}

it.each([
  [
    ['Cedar', 'Juniper'],
    ['Cedar', 'Juniper'],
  ],
  [['Cedar', 'Juniper'], ['Juniper']],
  [['Cedar', 'Juniper'], [ALL]],
  [
    ['Cedar', 'Juniper', 'Fir'],
    ['Cedar', 'Juniper', 'Fir'],
  ],
])('of %j, %j are sent', async (labels, picks) => {
  const boxes = new Boxes(labels);
  expect(await answered(boxes, picks)).toEqual({ typed: true });
  expect(boxes.sent).toEqual(picks.includes(ALL) ? labels : picks);
});

it('a tick that is lost on the way to the row that sends is seen, and nothing is sent', async () => {
  const boxes = new Boxes(['Cedar', 'Juniper']);
  const meddle = (each: Boxes, key: string): void => {
    if (key === '\x1b[B') each.ticked.delete('Juniper');
  };
  expect(await answered(boxes, ['Juniper'], meddle)).toEqual({
    typed: false,
    why: 'a row has lost the tick it was given, or got another',
  });
  expect(boxes.sent).toBeNull();
});

it('the card of an answer that was interrupted at the end of the list has every row that was in view on the way', async () => {
  const boxes = new Boxes(['Birch', 'Larch', 'Cedar', 'Juniper']);
  const clock = new VirtualClock();
  const watcher = new Watcher({ agent, argv: [], cols: 80, rows: 30, clock, onEvent: () => undefined });
  await watcher.feed(boxes.draw());
  clock.advance(1000);
  watcher.cover('all');
  for (let key = 1; key < boxes.rows.length; key++) {
    watcher.input();
    boxes.press('\x1b[B');
    await watcher.feed(boxes.draw());
    clock.advance(clock.nowMs() + 100);
  }
  watcher.cover(null);
  clock.advance(clock.nowMs() + 1000);
  expect(watcher.detector.standing?.question.options.map((option) => option.label)).toEqual(boxes.rows);
});
