/** The executor on a form of two pages whose pictures are given one by one: halves of pictures, pages that are nobody's, pages that stay. */
import { describe, expect, it } from 'vitest';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import type { Reading, Step } from '../agents/agent.ts';
import { giveUp, press, questionOf, tickExactly } from '../agents/lib/plan.ts';
import { VirtualClock } from '../replay.ts';
import { Screen } from '../screen.ts';
import { type LiveScreen, type Performed, performChoice } from './answering.ts';
import { labelDigest } from './digest.ts';
import { ARMED_MS } from './watcher.ts';

const LABELS = ['Lint', 'Types', 'Units'];

/** The page with the boxes, ticked as told. */
const boxes = (ticked: readonly number[]): ParsedQuestion => ({
  kind: 'multiselect',
  title: 'Checks',
  text: 'Which checks?',
  detail: '',
  options: LABELS.map((label, i) => ({ label, keys: [String(i + 1)], checked: ticked.includes(i) })),
  tabs: [
    { title: 'Checks', answered: false, current: true },
    { title: 'Confirm', answered: false, current: false },
  ],
  source: 'screen',
});
/** The page that sends what was ticked. */
const review = (title = 'Checks'): ParsedQuestion => ({
  kind: 'confirm',
  title: 'Confirm',
  text: 'Review',
  detail: 'Checks: Lint, Units',
  options: [{ label: 'Submit', keys: ['enter'], default: true, submit: true }],
  tabs: [
    { title, answered: true, current: false },
    { title: 'Confirm', answered: false, current: true },
  ],
  source: 'screen',
});
const asks = (question: ParsedQuestion): Reading => ({ type: 'question', question });
const working: Reading = { type: 'state', state: { state: 'working' } };

/** What is on the screen is set by hand; every key is kept. */
class Form implements LiveScreen {
  readonly clock = new VirtualClock();
  readonly written: string[] = [];
  whole = true;
  onKey: (key: string) => void = () => undefined;
  readonly #screen = new Screen({ cols: 80, rows: 24 });
  #reading: Reading = asks(boxes([]));
  #wake: (() => void)[] = [];

  view() {
    return this.#screen.view();
  }
  read(): Reading {
    return this.whole ? this.#reading : null;
  }
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }
  input(): void {
    // Nobody here counts keys.
  }

  show(reading: Reading, whole = true): void {
    this.#reading = reading;
    this.whole = whole;
    for (const wake of this.#wake.splice(0)) wake();
  }
  in(ms: number, reading: Reading): void {
    this.clock.at(this.clock.nowMs() + ms, () => this.show(reading));
  }
}

/** Digits tick, Tab turns the page as `tab` says, Enter there ends it. */
function form(tab: (form: Form) => void): Form {
  const made = new Form();
  const ticked: number[] = [];
  made.onKey = (key) => {
    if (/^\d$/.test(key)) {
      ticked.push(Number(key) - 1);
      made.show(asks(boxes(ticked)));
    } else if (key === '\t') tab(made);
    else if (key === '\r') made.show(working);
  };
  return made;
}

const CHOICE: Choice = { type: 'options', picks: [0, 2].map((index) => ({ index, labelDigest: labelDigest(LABELS[index]!) })) };

/** What was told of the pages that were answered on. */
let sentOn: (ParsedQuestion | null)[] = [];

/** An agent whose digits tick, whose Tab turns to the page that sends: as opencode's plan goes. */
const paged = {
  paceMs: 20,
  keys(question: ParsedQuestion): Step[] {
    const onSend = (now: Reading) => questionOf(now)?.kind === 'confirm' && questionOf(now)?.tabs?.at(-1)?.current === true;
    return [
      ...tickExactly(question, new Set([0, 2]), (_option, index) => [String(index + 1)], false),
      { do: 'keys', keys: ['tab'] },
      { do: 'settle', holds: onSend },
      { do: 'then', plan: (now) => (onSend(now) ? [press(['enter'])] : [giveUp('the page that sends did not come')]) },
    ];
  },
};

async function answer(form: Form, agent: { paceMs: number; keys(question: ParsedQuestion): Step[] } = paged): Promise<Performed> {
  let done = false;
  sentOn = [];
  const result = performChoice({
    agent,
    watcher: form,
    question: boxes([]),
    choice: CHOICE,
    clock: form.clock,
    catchUp: async () => undefined,
    onSend: (page) => void sentOn.push(page),
    write: async (bytes) => {
      form.written.push(bytes);
      form.onKey(bytes);
    },
  }).finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    form.clock.advance(form.clock.nowMs() + 5);
  }
  return result;
}

describe('an answer that is sent from another page', () => {
  it('is sent there, and that page is named: it must go as well', async () => {
    const pages = form((it) => it.show(asks(review())));
    expect(await answer(pages)).toEqual({ typed: true });
    expect(sentOn).toEqual([review()]);
    expect(pages.written).toEqual(['1', '3', '\t', '\r']);
  });

  it('is sent when that page has stood for a moment: agents listen later than they paint', async () => {
    let shownMs = 0;
    const pages = form((it) => {
      shownMs = it.clock.nowMs();
      it.show(asks(review()));
    });
    const { onKey } = pages;
    let sentMs = 0;
    pages.onKey = (key) => {
      if (key === '\r') sentMs = pages.clock.nowMs();
      onKey(key);
    };
    await answer(pages);
    expect(sentMs - shownMs).toBeGreaterThanOrEqual(ARMED_MS);
  });

  it('is not sent from a page that belongs to other tabs', async () => {
    const pages = form((it) => it.show(asks(review('Deploy'))));
    expect(await answer(pages)).toEqual({ typed: false, why: 'another question stands now' });
    expect(pages.written).toEqual(['1', '3', '\t']);
  });

  it('is not sent from a page of that name that has no tabs', async () => {
    const { tabs: _tabs, ...bare } = review();
    const pages = form((it) => it.show(asks(bare)));
    expect((await answer(pages)).typed).toBe(false);
    expect(pages.written).not.toContain('\r');
  });
});

const ENTER: Step = { do: 'keys', keys: ['enter'], commit: true };

/** Ticks the first box, does `then`, and sends. */
const steps = (...then: Step[]) => ({ paceMs: 20, keys: (): Step[] => [{ do: 'keys', keys: ['1'] }, ...then, ENTER] });

describe('a hook that speaks while keys go in', () => {
  it('changes nothing: it is the same question with its title', async () => {
    const pages = form(() => undefined);
    pages.onKey = (key) => {
      if (key === '1') pages.show(asks({ ...boxes([0]), title: 'All checks', source: 'hook' }));
    };
    expect(await answer(pages, steps())).toEqual({ typed: true });
    expect(sentOn).toEqual([null]);
  });
});

describe('the half of a picture', () => {
  it('that says nothing is waited for, and the page behind it is used', async () => {
    const pages = form((it) => {
      it.show(null);
      it.in(20, asks(review()));
    });
    expect((await answer(pages)).typed).toBe(true);
    expect(pages.written).toEqual(['1', '3', '\t', '\r']);
  });

  it('that says nothing makes no plan', async () => {
    const planned: Reading[] = [];
    const pages = form(() => undefined);
    pages.onKey = (key) => {
      if (key !== '1') return;
      pages.show(null);
      pages.in(50, asks(boxes([0])));
    };
    const plan: Step = {
      do: 'then',
      plan: (now) => {
        planned.push(now);
        return [];
      },
    };
    expect(await answer(pages, steps(plan))).toEqual({ typed: true });
    expect(sentOn).toEqual([null]);
    expect(planned).toEqual([asks(boxes([0]))]);
  });

  it('that reads as another question for a moment does not end the answer', async () => {
    const pages = form(() => undefined);
    pages.onKey = (key) => {
      if (key !== '1') return;
      pages.show(asks(review('Deploy')));
      pages.in(35, asks(boxes([0])));
    };
    expect(await answer(pages, steps())).toEqual({ typed: true });
    expect(pages.written).toEqual(['1', '\r']);
  });

  it('is not looked at where the program says that it is one', async () => {
    const looked: boolean[] = [];
    const pages = form(() => undefined);
    pages.onKey = (key) => {
      if (key !== '1') return;
      pages.show(asks(boxes([])), false);
      pages.in(100, asks(boxes([0])));
    };
    const look: Step = { do: 'expect', what: 'never', holds: () => looked.push(pages.whole) > 0 };
    expect(await answer(pages, steps(look))).toEqual({ typed: true });
    expect(new Set(looked)).toEqual(new Set([true]));
  });

  it('is never answered: a screen that goes on saying nothing gets no Enter', async () => {
    const pages = form(() => undefined);
    pages.onKey = () => pages.show(null);
    expect(await answer(pages, steps())).toEqual({ typed: false, why: 'the question could not be seen on the screen' });
    expect(pages.written).toEqual(['1']);
  });
});

describe('a list that scrolls', () => {
  /** Only the row with the highlight is told as it is; of the others the reader knows what they were when they were last in view. */
  class Scrolling extends Form {
    readonly ticks: boolean[];
    readonly #seen = [false, false, false];
    #at = 2;

    constructor(ticks: readonly boolean[]) {
      super();
      this.ticks = [...ticks];
      this.onKey = (key) => {
        if (/^[1-3]$/.test(key)) {
          this.#at = Number(key) - 1;
          this.ticks[this.#at] = !this.ticks[this.#at];
        }
        if (key === '\x1b[A') this.#at--;
        if (key === '\x1b[B') this.#at++;
        if (key === '\r') this.show(working);
        else this.paint();
      };
      this.paint();
    }

    paint(): void {
      this.#seen[this.#at] = this.ticks[this.#at]!;
      const page = boxes([]);
      const options = page.options.map((option, i) => ({
        ...option,
        checked: this.#seen[i]!,
        ...(i === this.#at ? { default: true } : {}),
      }));
      this.show(asks({ ...page, options }));
    }
  }

  it.each([[[true, false, false]], [[false, false, false]], [[true, true, true]]])(
    'gets exactly the ticks that were chosen, whatever it had out of view: %j',
    async (ticks) => {
      const list = new Scrolling(ticks);
      const plan = tickExactly(boxes([]), new Set([0, 2]), (option) => option.keys, true);
      expect(await answer(list, { paceMs: 20, keys: () => [...plan, ENTER] })).toEqual({ typed: true });
      expect(list.ticks).toEqual([true, false, true]);
    },
  );
});
