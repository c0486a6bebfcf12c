/** What has happened in the long sessions of one agent: counts, incidents by kind, and which of them must be none. */
import type { Desk } from './desk.ts';

/** Kinds of incidents, and what each says; those of `MUST_BE_NONE` fail the run. */
export const INCIDENTS = {
  /** The agent did something else than what was answered. */
  wrong: 'wrong option typed',
  /** Confirmed without any effect. */
  unfounded: 'confirmed without effect',
  /** Said not to be typed, and it was. */
  denied: 'said to be not typed, and it was',
  doubled: 'doubled cards',
  lost: 'questions without a card',
  stalled: 'stalled sessions',
  unconfirmed: 'typed, not confirmed',
  /** Answered without anybody having answered: the agent's own doing. */
  byItself: 'answered by the agent itself',
  strays: 'cards of no question',
  hidden: 'options that the card did not show; another was chosen',
  halves: 'pages left by an answer that was interrupted',
} as const;
export type Incident = keyof typeof INCIDENTS;
export const MUST_BE_NONE: readonly Incident[] = ['wrong', 'unfounded', 'denied', 'doubled', 'lost', 'stalled'];

export interface Ledger {
  asked: number;
  /** With the effect that was wanted. */
  answered: number;
  prompts: number;
  incidents: Record<Incident, string[]>;
  /** Why nothing was typed, and how often; each was answered again. */
  refused: Map<string, number>;
  /** Where the last card of each question was read from: its screen, a hook. */
  sources: Map<string, number>;
  tookMs: number[];
  desk: Desk['counts'];
}

export const newLedger = (): Ledger => ({
  asked: 0,
  answered: 0,
  prompts: 0,
  incidents: {
    wrong: [],
    unfounded: [],
    denied: [],
    doubled: [],
    lost: [],
    stalled: [],
    unconfirmed: [],
    byItself: [],
    strays: [],
    halves: [],
    hidden: [],
  },
  refused: new Map(),
  sources: new Map(),
  tookMs: [],
  desk: { resizes: 0, repaints: 0, keys: 0 },
});

/** The line that the closing table is made from (`scripts/lib/sums.mjs`). */
export function sumLine(name: string, { asked, answered, prompts, incidents, refused }: Ledger): string {
  const kinds = Object.fromEntries(Object.entries(incidents).map(([kind, list]) => [kind, list.length]));
  const counts = { asked, answered, prompts, refused: sumOf(refused), ...kinds };
  return `sum ${JSON.stringify({ name, counts, mustBeNone: Object.fromEntries(MUST_BE_NONE.map((kind) => [kind, INCIDENTS[kind]])) })}`;
}

export const sumOf = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((total, n) => total + n, 0);
