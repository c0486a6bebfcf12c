/**
 * `kill -9` of the relay, round after round, while a phone answers a fake agent's questions: before the tap, in the middle of it, after the verdict. Phone
 * and daemon come back by themselves; the phone sends an answer without a verdict again under its id, as the page does. The agent's own log of stdin says
 * what it was told. Used by verify and, with few rounds, by npm test.
 */
import { join } from 'node:path';
import { answerTo } from '../../daemon/test-daemon.ts';
import type { TestPhone } from '../../daemon/test-phone.ts';
import { randomId } from '../../shared/bytes.ts';
import type { Answer, ProtocolEvent, Question } from '../../shared/protocol.ts';
import { type FakeQuestion, fakeAgent, readLog } from './fake-agent.ts';
import { Product } from './product.ts';
import { type Checked, check, nonceOf, shownIndex, type Try } from './questioner.ts';
import { type Random, seeded } from './random.ts';

export interface RelayRounds {
  rounds: number;
  checked: Checked;
  /** Sent more than once, since no verdict had come. */
  resent: number;
  verdicts: Record<string, number>;
  /** From the new relay's listening to an open channel between phone and daemon. */
  backMs: number[];
}

/** How long a verdict may take before the phone asks again on the channel that stands then. */
const VERDICT_MS = 6000;

export async function relayRounds(options: { rounds: number; seed: number }): Promise<RelayRounds> {
  const random = seeded(options.seed);
  const product = await Product.start();
  try {
    const phone = await product.phone();
    const questions = Array.from({ length: options.rounds }, () => makeQuestion(random));
    const log = join(product.place.home, 'agent.log');
    const cards = new Map<string, Question>();
    phone.onEvent = (event) => remember(event, cards, phone);
    const argv = fakeAgent({ log, questions });
    const { run } = await phone.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: product.place.home });
    const result: RelayRounds = { rounds: 0, checked: check([], []), resent: 0, verdicts: {}, backMs: [] };
    const tries: Try[] = [];
    for (const fake of questions) {
      const card = await phone.until(() => cards.get(fake.nonce), 30_000);
      const option = random.below(fake.options);
      const index = shownIndex(card, fake, option);
      const answer = answerTo(card, { type: 'option', index, labelDigest: card.labelDigests[index]! });
      const started = performance.now();
      const verdict = await oneRound(product, phone, answer, random, result);
      tries.push({ nonce: fake.nonce, option, by: 'phone', answer, verdict, tookMs: performance.now() - started });
      result.verdicts[verdict] = (result.verdicts[verdict] ?? 0) + 1;
      result.rounds++;
    }
    await phone.until(() => readLog(log).some((entry) => entry.done === true) || undefined, 20_000);
    result.checked = check(readLog(log), tries);
    await phone.call('runs.stop', { run, hard: true });
    phone.close();
    return result;
  } finally {
    await product.stop();
  }
}

function makeQuestion(random: Random): FakeQuestion {
  const style = random.pick(['list', 'numbers', 'yesno'] as const);
  return { nonce: random.nonce(), style, options: style === 'yesno' ? 2 : 2 + random.below(3), lines: random.below(4) };
}

function remember(event: ProtocolEvent, cards: Map<string, Question>, phone: TestPhone): void {
  const questions = event.event === 'snapshot' ? event.data.questions : event.event === 'question' ? [event.data] : [];
  for (const question of questions) {
    const nonce = nonceOf(question);
    if (nonce !== null && question.state.state === 'open') cards.set(nonce, question);
  }
  if (phone.events.length > 1000) phone.events.length = 0;
}

/** Kills the relay around one answer, and sends the answer until its verdict has come. */
async function oneRound(product: Product, phone: TestPhone, answer: Answer, random: Random, result: RelayRounds): Promise<string> {
  const moment = random.pick(['before', 'during', 'during', 'after'] as const);
  const kill = async (): Promise<void> => {
    const before = phone.channel;
    await product.kill('relay');
    await product.startRelay();
    const up = performance.now();
    await phone.until(() => phone.channel !== before && phone.channel?.isOpen, 60_000);
    result.backMs.push(performance.now() - up);
  };
  if (moment === 'before') await kill();
  let verdict = send(phone, answer);
  if (moment === 'during') {
    await new Promise((resolve) => setTimeout(resolve, random.below(25)));
    await kill();
  }
  let said = await verdict;
  while (said === null) {
    result.resent++;
    await phone.until(() => phone.channel?.isOpen, 60_000);
    verdict = send(phone, answer);
    said = await verdict;
  }
  if (moment === 'after') await kill();
  return said;
}

/** The verdict or the error's code; null where the line broke before either came. */
async function send(phone: TestPhone, answer: Answer): Promise<string | null> {
  const { channel } = phone;
  const sent = (async () => phone.call('questions.answer', answer))().then(
    (v): string => v.verdict,
    (error: { code?: string }) => error.code ?? null,
  );
  const broke = phone
    .until(() => phone.channel !== channel || undefined, VERDICT_MS)
    .then(
      () => null,
      () => null,
    );
  return Promise.race([sent, broke]);
}
