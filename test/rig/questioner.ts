/**
 * Drives fake agents through many questions and keeps the history: what was chosen for which nonce, by whom, with what verdict. The checker reads
 * that history beside the agents' own logs of stdin.
 */
import type { Answer, Question, Verdict } from '../../shared/protocol.ts';
import type { FakeQuestion, LogEntry } from './fake-agent.ts';

/** One answer that was tried, and its last word. */
export interface Try {
  nonce: string;
  /** Index among the agent's own options. */
  option: number;
  by: string;
  answer: Answer;
  verdict: Verdict['verdict'] | string;
  tookMs: number;
}

const TYPED = new Set(['typed', 'confirmed', 'typed_unconfirmed']);
const MAYBE = new Set(['unknown']);
/** A byte that arrives so soon after the agent swapped its question was on its way when it did: no screen could have told. */
export const IN_FLIGHT_MS = 30;

export interface Checked {
  asked: number;
  answered: number;
  /** Answered with an option that no try for that question chose. */
  wrong: string[];
  /** Bytes that arrived where no question stood, or beyond the answer of one. */
  stray: number;
  /** Said to be typed, and the agent has no such answer. */
  lost: string[];
  /** Said not to be typed, and the agent was answered so by nobody else. */
  denied: string[];
  /** Nonces of questions that took a byte which was under way when the one before was taken back. */
  inFlight: string[];
  unknown: number;
}

/** Compares one agent's log with the tries made on it. `desk`: nonces that a person at the desk answered. */
export function check(log: readonly LogEntry[], tries: readonly Try[], desk: ReadonlySet<string> = new Set()): Checked {
  const result: Checked = { asked: 0, answered: 0, wrong: [], stray: 0, lost: [], denied: [], inFlight: [], unknown: 0 };
  const byNonce = new Map<string, Try[]>();
  for (const each of tries) byNonce.set(each.nonce, [...(byNonce.get(each.nonce) ?? []), each]);
  const answers = new Map<string, number>();
  let askedAtMs = 0;
  let firstByteAtMs: number | null = null;
  let swapped: { nonce: string; atMs: number } | null = null;
  /** Taken back while the last byte of an answer was under way: nobody can know what became of it. */
  const crossed = new Set<string>();
  for (const entry of log) {
    if (entry.asked !== undefined) {
      result.asked++;
      askedAtMs = entry.atMs;
      firstByteAtMs = null;
    }
    if (entry.swapped !== undefined) swapped = { nonce: entry.swapped, atMs: entry.atMs };
    if (entry.stdin !== undefined) {
      if (swapped !== null && entry.atMs - swapped.atMs <= IN_FLIGHT_MS) crossed.add(swapped.nonce);
      if (entry.nonce === null) result.stray++;
      firstByteAtMs ??= entry.atMs;
    }
    if (entry.answered === undefined) continue;
    const { answered: nonce, option } = entry;
    result.answered++;
    answers.set(nonce, option!);
    if (desk.has(nonce)) continue;
    const here = byNonce.get(nonce) ?? [];
    const meant = here.filter((t) => t.option === option);
    if (meant.some((t) => TYPED.has(t.verdict) || MAYBE.has(t.verdict))) continue;
    if (meant.length > 0)
      result.denied.push(`${nonce}: option ${option} was typed, the verdict was ${meant.map((t) => t.verdict).join(', ')}`);
    else if (firstByteAtMs !== null && firstByteAtMs - askedAtMs <= IN_FLIGHT_MS) result.inFlight.push(nonce);
    else result.wrong.push(`${nonce}: option ${option}, wanted ${here.map((t) => `${t.option} (${t.verdict})`).join(', ') || 'nothing'}`);
  }
  const own = new Set(log.flatMap((entry) => entry.asked ?? []));
  for (const each of tries) {
    if (!own.has(each.nonce)) continue;
    if (MAYBE.has(each.verdict)) result.unknown++;
    if (
      TYPED.has(each.verdict) &&
      each.verdict === 'confirmed' &&
      answers.get(each.nonce) !== each.option &&
      !desk.has(each.nonce) &&
      !crossed.has(each.nonce)
    )
      result.lost.push(`${each.nonce}: ${each.verdict}, the agent has ${answers.get(each.nonce) ?? 'no answer'}`);
  }
  return result;
}

/** The fake agent's question that a card shows, by its nonce. */
export function nonceOf(question: Question): string | null {
  return /step ([0-9a-f]{8})/.exec(`${question.question.title} ${question.question.text} ${question.question.detail}`)?.[1] ?? null;
}

/** Index on the card of the agent's option `i`, or -1 where the card does not show it. */
export function shownIndex(question: Question, fake: FakeQuestion, option: number): number {
  if (fake.style === 'yesno') return question.question.options.findIndex((o) => (option === 0 ? /^y/i : /^n/i).test(o.label));
  const word = ['Yes', 'Later', 'No', 'Maybe', 'Never'][option]!;
  return question.question.options.findIndex((o) => o.label === `${word} ${fake.nonce}`);
}
