/**
 * npm run verify -- answers [--count=N --agents=N --seed=N --explain]: fake agents whose questions carry nonces, under repaints, resizes, keys typed at the
 * desk, questions that are taken back, and two callers at once, through relay and seal. Each agent's own log of stdin says what it was really told.
 */
import type { Listener } from '../../daemon/test-daemon.ts';
import type { TestPhone } from '../../daemon/test-phone.ts';
import type { ProtocolEvent } from '../../shared/protocol.ts';
import { Figures, options, spread } from '../rig/figures.ts';
import { Product } from '../rig/product.ts';
import { type Checked, check } from '../rig/questioner.ts';
import { type AgentLog, type Heard, oneAgent } from './answers/agent.ts';
import type { History, Sender } from './answers/people.ts';

const wanted = options();
const COUNT = wanted.number('count', 20_000, 400);
const AGENTS = wanted.number('agents', 16, 4);
const figures = new Figures('answers', wanted);

async function main(): Promise<void> {
  const product = await Product.start();
  try {
    const phone = await product.phone();
    const desk = await product.desk();
    await phone.call('phone.hello', { name: 'Verify', watching: true, protocol: 1 });
    const senders: [Sender, Sender] = [
      { name: 'phone', send: (answer) => phone.call('questions.answer', answer) },
      { name: 'desk', send: (answer) => desk.client.call('questions.answer', answer) },
    ];
    const history: History = { tries: [], both: 0, bothRight: 0, resends: 0, resendsDiffer: 0, entered: new Set() };
    const heard = hearQuestions(phone, desk);
    const started = performance.now();
    const logs = await Promise.all(
      Array.from({ length: AGENTS }, (_, index) =>
        oneAgent({ product, index, seed: wanted.seed + 1 + index, count: Math.ceil(COUNT / AGENTS), senders, phone, heard, history }),
      ),
    );
    report(logs, history, performance.now() - started);
    phone.close();
    desk.client.close();
  } finally {
    await product.stop();
  }
}

/** Calls back with each open question of a run, in order of appearance; empties the lists that the callers keep. */
function hearQuestions(phone: TestPhone, desk: Listener): Heard {
  const heard: Heard = new Map();
  phone.onEvent = (event: ProtocolEvent) => {
    if (event.event === 'question' && event.data.state.state === 'open') heard.get(event.data.run)?.(event.data);
    if (event.event === 'run' && event.data.status.state === 'ended') heard.get(event.data.run)?.(null);
    if (phone.events.length > 1000) phone.events.length = 0;
    if (desk.events.length > 1000) desk.events.length = 0;
  };
  return heard;
}

/** For each answer that went wrong, what the agent saw from the question on. */
function explain(logs: readonly AgentLog[], results: readonly Checked[], history: History): void {
  for (const [i, { log, unseen }] of logs.entries())
    for (const line of [...results[i]!.lost, ...results[i]!.denied, ...results[i]!.wrong, ...unseen]) {
      const nonce = line.slice(0, 8);
      const tries = history.tries
        .filter((t) => t.nonce === nonce)
        .map((t) => `${t.by} ${t.option} ${t.verdict} ${Math.round(t.tookMs)} ms`);
      const from = log.findIndex((e) => e.asked === nonce);
      const to = log.findIndex((e) => e.answered === nonce || e.swapped === nonce);
      console.log([line.slice(0, 150), ...tries, ...log.slice(from, to + 3).map((e) => JSON.stringify(e))].join('\n    '));
    }
}

function report(logs: readonly AgentLog[], history: History, tookMs: number): void {
  const results = logs.map(({ log }) => check(log, history.tries));
  if (wanted.flag('explain')) explain(logs, results, history);
  const sum = (of: (r: (typeof results)[number]) => number): number => results.reduce((total, r) => total + of(r), 0);
  const all = (of: (r: (typeof results)[number]) => string[]): string[] => results.flatMap(of);
  const typed = history.tries.filter((t) => t.verdict === 'confirmed' || t.verdict === 'typed' || t.verdict === 'typed_unconfirmed');
  const verdicts = new Map<string, number>();
  for (const t of history.tries) verdicts.set(t.verdict, (verdicts.get(t.verdict) ?? 0) + 1);
  figures.gate(
    'questions asked',
    sum((r) => r.asked),
    `≥ ${COUNT}`,
    sum((r) => r.asked) >= COUNT,
  );
  figures.note('answered', `${sum((r) => r.answered)} in ${Math.round(tookMs / 1000)} s, by ${AGENTS} agents at once`);
  figures.note(
    'verdicts',
    [...verdicts]
      .sort((a, b) => b[1] - a[1])
      .map(([v, n]) => `${v} ${n}`)
      .join(', '),
  );
  const zero = (what: string, list: readonly string[]): void =>
    figures.gate(what, list.length === 0 ? 0 : `${list.length}: ${list.slice(0, 3).join(' · ')}`, '0', list.length === 0);
  zero(
    'wrong option typed',
    all((r) => r.wrong),
  );
  zero(
    'said to be confirmed, not with the agent',
    all((r) => r.lost),
  );
  zero(
    'typed, though the verdict says not',
    all((r) => r.denied),
  );
  zero(
    'questions that stayed and were never shown',
    logs.flatMap((l, i) => l.unseen.filter((nonce) => !results[i]!.inFlight.includes(nonce))),
  );
  zero(
    'stalled agents',
    logs.flatMap((l) => l.stalled ?? []),
  );
  figures.gate('two at once, at most one typed', `${history.bothRight} of ${history.both}`, 'all', history.bothRight === history.both);
  figures.gate(
    'same answer sent again, another verdict',
    `${history.resendsDiffer} of ${history.resends}`,
    '0',
    history.resendsDiffer === 0,
  );
  figures.note('Enters of people that met the next question', logs.flatMap((l) => l.overtaken).length);
  figures.note('swapped while the byte was under way', all((r) => r.inFlight).length);
  figures.note('tap → verdict', spread(typed.map((t) => t.tookMs)));
}

await main();
figures.end();
