/** The executor against a menu program that lives in this process, on a real screen, with a clock that moves only when told. */
import { describe, expect, it } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import type { Choice } from '../../shared/question.ts';
import { agent as generic } from '../agents/generic/index.ts';
import { VirtualClock } from '../replay.ts';
import { type Performed, performChoice } from './answering.ts';
import { labelDigest } from './digest.ts';
import { Watcher } from './watcher.ts';

const LABELS = ['PostgreSQL', 'SQLite', 'DynamoDB'];

/** A select menu in raw mode: arrows move, Enter answers. Paints after each key; `onKey` may interfere. */
class Menu {
  readonly written: string[] = [];
  answer: string | null = null;
  highlighted = 0;
  title = 'Which database?';
  onKey: (key: string, count: number) => void = () => undefined;
  ignores = new Set<string>();
  /** Keys written before this time are taken only then: a program that is busy. */
  deafUntilMs = 0;
  /** What the program has printed when asked, before the screen shows it. */
  late: () => void = () => undefined;
  readonly clock = new VirtualClock();
  readonly watcher: Watcher;

  constructor() {
    this.watcher = new Watcher({ agent: generic, argv: [], cols: 60, rows: 20, clock: this.clock, onEvent: () => undefined });
  }

  /** The clock stands still until it is done. */
  painting: Promise<void> = Promise.resolve();

  paint(): Promise<void> {
    this.painting = this.#paint();
    return this.painting;
  }

  async #paint(): Promise<void> {
    const rows =
      this.answer === null
        ? LABELS.map((label, i) => (i === this.highlighted ? `\x1b[36m❯ ${label}\x1b[39m` : `  ${label}`))
        : [`got ${this.answer}`];
    const head = this.answer === null ? `\x1b[36m?\x1b[39m \x1b[1m${this.title}\x1b[22m` : '';
    await this.watcher.feed(`\x1b[?25${this.answer === null ? 'l' : 'h'}\x1b[H\x1b[2J${[head, ...rows].join('\r\n')}\r\n`);
  }

  async catchUp(): Promise<void> {
    this.late();
    await this.paint();
  }

  async write(bytes: string): Promise<void> {
    this.written.push(bytes);
    if (this.clock.nowMs() < this.deafUntilMs) this.clock.at(this.deafUntilMs, () => void this.#take(bytes));
    else await this.#take(bytes);
  }

  async #take(bytes: string): Promise<void> {
    if (!this.ignores.has(bytes)) {
      if (bytes === '\x1b[B') this.highlighted = Math.min(LABELS.length - 1, this.highlighted + 1);
      if (bytes === '\x1b[A') this.highlighted = Math.max(0, this.highlighted - 1);
      if (bytes === '\r' && this.answer === null) this.answer = LABELS[this.highlighted]!;
    }
    this.onKey(bytes, this.written.length);
    await this.paint();
  }
}

const option = (index: number): Choice => ({ type: 'option', index, labelDigest: labelDigest(LABELS[index] ?? '') });

/** Runs the answer while the clock is pushed on, ten milliseconds a turn, as often as it takes. */
async function answer(
  menu: Menu,
  choice: Choice,
  more: { write?: (bytes: string, blind: boolean) => Promise<void>; onFirstByte?: () => Promise<void> } = {},
): Promise<Performed> {
  await menu.paint();
  const reading = menu.watcher.read();
  if (reading?.type !== 'question') throw new Error('the menu is not read');
  let done = false;
  const result = performChoice({
    agent: generic,
    watcher: menu.watcher,
    question: reading.question,
    choice,
    clock: menu.clock,
    catchUp: () => menu.catchUp(),
    write: more.write ?? ((bytes) => menu.write(bytes)),
    ...(more.onFirstByte === undefined ? {} : { onFirstByte: more.onFirstByte }),
  }).finally(() => {
    done = true;
  });
  result.catch(() => undefined);
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    await menu.painting;
    menu.clock.advance(menu.clock.nowMs() + 10);
  }
  return result;
}

describe('a list that is walked', () => {
  it.each([0, 1, 2])('answers with option %i and nothing else', async (index) => {
    const menu = new Menu();
    expect(await answer(menu, option(index))).toEqual({ typed: true });
    expect(menu.answer).toBe(LABELS[index]);
    expect(menu.written).toEqual([...Array.from({ length: index }, () => '\x1b[B'), '\r']);
  });

  it('walks back when the desk has moved the highlight past it', async () => {
    const menu = new Menu();
    menu.onKey = (key, count) => {
      if (key === '\x1b[B' && count === 1) menu.highlighted = 2;
    };
    expect(await answer(menu, option(1))).toEqual({ typed: true });
    expect(menu.answer).toBe('SQLite');
  });

  it('sends no second key before the first one shows: a program that was busy would walk past', async () => {
    const menu = new Menu();
    menu.deafUntilMs = 1800;
    expect(await answer(menu, option(1))).toEqual({ typed: true });
    expect(menu.answer).toBe('SQLite');
    expect(menu.written).toEqual(['\x1b[B', '\r']);
  });

  it('submits nothing when the highlight will not go there', async () => {
    const menu = new Menu();
    menu.ignores.add('\x1b[B');
    const result = await answer(menu, option(2));
    expect(result.typed).toBe(false);
    expect(result.why).toMatch(/highlight/);
    expect(menu.written).not.toContain('\r');
    expect(menu.answer).toBeNull();
  });

  it('submits nothing into a question that a screen behind the program does not show yet', async () => {
    const menu = new Menu();
    menu.late = () => {
      menu.title = 'Delete everything?';
    };
    expect(await answer(menu, option(0))).toEqual({ typed: false, why: 'another question stands now' });
    expect(menu.written).toEqual([]);
  });

  it('looks again where the program has written meanwhile, and then answers', async () => {
    const menu = new Menu();
    let moved = 0;
    const write = async (bytes: string): Promise<void> => {
      if (moved++ < 3) throw new ClawError('output_moved', 'The agent has written meanwhile.');
      await menu.write(bytes);
    };
    expect(await answer(menu, option(1), { write })).toEqual({ typed: true });
    expect(menu.answer).toBe('SQLite');
    expect(menu.written).toEqual(['\x1b[B', '\r']);
  });

  it('types nothing where what was written meanwhile is another question', async () => {
    const menu = new Menu();
    const write = async (): Promise<void> => {
      menu.title = 'Delete everything?';
      throw new ClawError('output_moved', 'The agent has written meanwhile.');
    };
    expect(await answer(menu, option(0), { write })).toEqual({ typed: false, why: 'another question stands now' });
    expect(menu.answer).toBeNull();
  });

  it('answers a program that writes all the time, after so many looks', async () => {
    const menu = new Menu();
    const write = async (bytes: string, blind: boolean): Promise<void> => {
      if (!blind) throw new ClawError('output_moved', 'The agent has written meanwhile.');
      await menu.write(bytes);
    };
    expect(await answer(menu, option(0), { write })).toEqual({ typed: true });
    expect(menu.answer).toBe('PostgreSQL');
  });

  it('submits nothing when the highlight has moved on by the time of Enter', async () => {
    const menu = new Menu();
    menu.late = () => {
      menu.highlighted = 0;
    };
    const result = await answer(menu, option(2));
    expect(result.typed).toBe(false);
    expect(result.why).toMatch(/highlight/);
    expect(menu.answer).toBeNull();
  });

  it('types nothing more once another question stands', async () => {
    const menu = new Menu();
    menu.onKey = () => {
      menu.title = 'Delete everything?';
    };
    const result = await answer(menu, option(2));
    expect(result).toMatchObject({ typed: false });
    expect(menu.written).toHaveLength(1);
    expect(menu.answer).toBeNull();
  });

  it('types nothing more once the program has gone on', async () => {
    const menu = new Menu();
    menu.onKey = (key) => {
      if (key === '\x1b[B') menu.answer = 'something at the desk';
    };
    const result = await answer(menu, option(2));
    expect(result.typed).toBe(false);
    expect(menu.written).not.toContain('\r');
  });
});

describe('the first byte', () => {
  it('waits for the journal', async () => {
    const menu = new Menu();
    const order: string[] = [];
    await answer(menu, option(1), {
      onFirstByte: async () => {
        order.push('journal');
      },
      write: async (bytes) => {
        order.push('write');
        await menu.write(bytes);
      },
    });
    expect(order).toEqual(['journal', 'write', 'write']);
  });

  it('passes on why nothing may be written', async () => {
    const refused = new ClawError('agent_not_reading', 'Nobody reads.');
    await expect(answer(new Menu(), option(1), { write: () => Promise.reject(refused) })).rejects.toBe(refused);
  });

  it('leaves a half-walked answer unsubmitted when the desk types in between', async () => {
    const menu = new Menu();
    let count = 0;
    const result = await answer(menu, option(2), {
      write: (bytes) => (++count > 1 ? Promise.reject(new ClawError('busy', 'The desk typed.')) : menu.write(bytes)),
    });
    expect(result).toEqual({ typed: false, why: 'it was interrupted by somebody typing' });
  });

  it('is not written for a choice the dialog does not have', async () => {
    const menu = new Menu();
    await expect(answer(menu, option(7))).rejects.toMatchObject({ code: 'bad_choice' });
    expect(menu.written).toEqual([]);
  });
});
