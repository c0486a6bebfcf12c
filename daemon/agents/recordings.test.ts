/** Every recording of every agent folder, replayed: what its label says is found with its exact options, in time, and nothing else is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ReplayEvent, replayFile } from '../replay.ts';
import { loadAgents } from './registry.ts';

interface Label {
  questions: {
    n: number;
    kind: string;
    options?: { label: string; on_screen?: boolean }[];
    t_first: number;
    t_end: number | null;
  }[];
  negatives: { t0: number; t1: number }[];
}
interface Shown {
  openS: number;
  closeS: number;
  last: Extract<ReplayEvent, { event: 'question' }>;
}

/** Shown as a state, not as a card with options. */
const SOFT = new Set(['idle', 'error', 'pager']);
const OPEN_WITHIN_S = 0.5;
const CLOSED_WITHIN_S = 1;

const here = import.meta.dirname;
const agents = await loadAgents();

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/…|\.{3}$/g, '')
    .replace(/\s+/g, ' ')
    .replace(/[.:]+$/, '')
    .trim();

function cards(events: readonly ReplayEvent[], untilS: number): Shown[] {
  const shown = new Map<string, Shown>();
  for (const event of events) {
    if (event.event === 'state') continue;
    const card = shown.get(event.qid);
    if (event.event === 'closed') {
      if (card !== undefined) card.closeS = event.t;
    } else if (card === undefined) shown.set(event.qid, { openS: event.t, closeS: Number.POSITIVE_INFINITY, last: event });
    else if (event.t <= untilS + 0.05) card.last = event;
  }
  return [...shown.values()];
}

const folders = readdirSync(here, { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && ['index.ts', 'index.js'].some((name) => existsSync(join(here, entry.name, name))),
);

for (const { name } of folders) {
  const directory = join(here, name, 'recordings');
  const casts = existsSync(directory) ? readdirSync(directory).filter((each) => existsSync(join(directory, each, 'session.cast'))) : [];
  const cases = casts.filter((each) => existsSync(join(directory, each, 'label.json')));
  const labels = new Map(
    cases.map((each): [string, Label] => [each, JSON.parse(readFileSync(join(directory, each, 'label.json'), 'utf8'))]),
  );

  describe(`recordings of ${name}`, () => {
    it('has one with a question and one with a time in which nothing is asked', () => {
      const all = [...labels.values()];
      expect(all.some((label) => label.questions.some((question) => !SOFT.has(question.kind)))).toBe(true);
      expect(all.some((label) => label.questions.every((question) => SOFT.has(question.kind)))).toBe(true);
    });

    it('has a label for each', () => {
      expect(casts.filter((each) => !labels.has(each))).toEqual([]);
    });

    it.each(cases)('%s', async (each) => {
      const label = labels.get(each)!;
      const events = await replayFile(join(directory, each, 'session.cast'), agents, agents.byName(name));
      const used = new Set<string>();
      for (const question of label.questions) {
        const endS = question.t_end ?? Number.POSITIVE_INFINITY;
        const standing = cards(events, endS).filter(
          (card) => card.openS <= endS + 0.05 && card.closeS >= question.t_first && card.openS >= question.t_first - 1,
        );
        if (SOFT.has(question.kind)) {
          for (const card of standing) used.add(card.last.qid);
          continue;
        }
        const wanted = (question.options ?? []).filter((option) => option.on_screen !== false).map((option) => plain(option.label));
        standing.sort((a, b) => Math.abs(a.openS - question.t_first) - Math.abs(b.openS - question.t_first));
        const card = standing.find((candidate) => {
          const have = candidate.last.options.map((option) => plain(option.label));
          return wanted.every((each) => have.includes(each));
        });
        expect(
          card,
          `question ${question.n} with ${wanted.join(' | ')}; shown: ${JSON.stringify(standing.map((s) => s.last.options.map((o) => o.label)))}`,
        ).toBeDefined();
        used.add(card!.last.qid);
        expect(card!.openS - question.t_first, `question ${question.n} came late`).toBeLessThanOrEqual(OPEN_WITHIN_S);
        if (question.t_end !== null) expect(card!.closeS - endS, `question ${question.n} stayed`).toBeLessThanOrEqual(CLOSED_WITHIN_S);
        for (const option of card!.last.options) expect(option.keys.length, `keys of ${option.label}`).toBeGreaterThan(0);
      }
      const extra = cards(events, Number.POSITIVE_INFINITY).filter((card) => !used.has(card.last.qid) && card.last.kind !== 'idle');
      expect(extra.map((card) => `${card.openS}: ${card.last.text}`)).toEqual([]);
    });
  });
}
