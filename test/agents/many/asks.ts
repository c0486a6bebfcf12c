/** What the scripted model asks in a long run, and what shall be answered: each with a nonce, chosen at random, with the effect that proves the answer. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../rig/random.ts';
import type { LiveAgent } from '../live-agent.ts';
import type { ToolResult, Turn } from '../script.ts';

export type Wanted =
  | { kind: 'allow' }
  | { kind: 'refuse' }
  | { kind: 'choose'; label: string }
  | { kind: 'several'; labels: string[] }
  | { kind: 'words'; text: string };

export interface Ask {
  nonce: string;
  wanted: Wanted;
  labels: readonly string[];
  turn: Turn;
}

/** None is a part of another, nor of a sentence around them. */
const WORDS = ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm tree', 'Fir', 'Ginkgo', 'Hazel', 'Ironwood', 'Juniper', 'Larch', 'Maple'];

function labelsOf(rng: Random): string[] {
  const left = [...WORDS];
  return Array.from({ length: 2 + rng.below(3) }, () => left.splice(rng.below(left.length), 1)[0]!);
}

/** One question and the answer it shall get. `mayRefuse`: a refusal ends the turn. */
export function makeAsk(agent: LiveAgent, rng: Random, mayRefuse: boolean): Ask {
  const nonce = rng.nonce();
  const dice = rng.below(10);
  if (dice < 4) {
    const wanted: Wanted = { kind: mayRefuse && dice < 1 ? 'refuse' : 'allow' };
    return { nonce, wanted, labels: [], turn: { say: 'I will make a file.', calls: [agent.shell(`touch ${nonce}.txt`)] } };
  }
  const labels = labelsOf(rng);
  if (dice < 6 && agent.askSeveral) {
    const picked = labels.filter(() => rng.chance(0.5));
    const chosen = picked.length > 0 ? picked : [rng.pick(labels)];
    const turn = { calls: [agent.askSeveral({ question: `Which checks for step ${nonce}?`, labels })] };
    return { nonce, wanted: { kind: 'several', labels: chosen }, labels, turn };
  }
  const turn = { calls: [agent.ask({ question: `Which database for step ${nonce}?`, labels })] };
  if (dice < 7) return { nonce, wanted: { kind: 'words', text: `my own ${rng.nonce(6)}` }, labels, turn };
  return { nonce, wanted: { kind: 'choose', label: rng.pick(labels) }, labels, turn };
}

/** The same wish, of what a card shows: not every option is on every screen. Null where it shows none of them. */
export function wantedOf({ wanted, labels }: Ask, shown: readonly string[]): Wanted | null {
  const there = labels.filter((label) => shown.includes(label));
  if (there.length === 0) return null;
  if (wanted.kind === 'choose') return { kind: 'choose', label: there[0]! };
  if (wanted.kind !== 'several') return null;
  const some = wanted.labels.filter((label) => there.includes(label));
  return { kind: 'several', labels: some.length > 0 ? some : [there[0]!] };
}

/** What the agent told the model, in the words of `Wanted`; what is wrong with it, or null where it is as wanted. */
export function wrongWith(ask: Ask, workspace: string, result: ToolResult | null): string | null {
  const { wanted } = ask;
  const told = `the model was told: ${(result?.content ?? 'nothing').slice(0, 300)}`;
  const file = existsSync(join(workspace, `${ask.nonce}.txt`));
  if (wanted.kind === 'allow') return file ? null : `allowed, and the file is not there; ${told}`;
  if (wanted.kind === 'refuse') return file ? `refused, and the file is there; ${told}` : null;
  if (result === null) return `answered, and ${told}`;
  const named = ask.labels.filter((label) => result.content.includes(label)).sort();
  const words = /my own [0-9a-f]{6}/.exec(result.content)?.[0] ?? null;
  const as = wanted.kind === 'choose' ? [wanted.label] : wanted.kind === 'several' ? [...wanted.labels].sort() : [];
  const right = wanted.kind === 'words' ? words === wanted.text && named.length === 0 : words === null && named.join() === as.join();
  return right ? null : `wanted ${JSON.stringify(wanted)}; ${told}`;
}
