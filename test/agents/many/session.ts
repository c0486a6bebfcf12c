/**
 * One long session of one agent CLI: the model asks, the card is answered over the sealed channel, the effect is looked at, again and again, while somebody at
 * the desk resizes and types. Owns the order of things; what is asked is asks.ts, what has
 * happened is written down in ledger.ts.
 */
import { basename } from 'node:path';
import { answerTo } from '../../../daemon/test-daemon.ts';
import type { TestPhone } from '../../../daemon/test-phone.ts';
import type { Answer, Question } from '../../../shared/protocol.ts';
import type { Random } from '../../rig/random.ts';
import type { LiveAgent } from '../live-agent.ts';
import { scriptPrompt } from '../script.ts';
import type { Started, Workplace } from '../workplace.ts';
import { type Ask, makeAsk, wantedOf, wrongWith } from './asks.ts';
import { choiceOf, nonceOf, wordsOf } from './card.ts';
import { type Desk, sitDown } from './desk.ts';
import type { Incident, Ledger } from './ledger.ts';

/** opencode's screen stays blank for up to 40 s. */
const START_MS = 90_000;
/** Card, answer and effect of one question. */
const ASK_MS = 40_000;
/** An answer that was typed has its effect within this. */
const EFFECT_MS = 15_000;
/** An answer has its verdict within this, or its line has been cut. */
const REPLY_MS = 12_000;
/** An option that the card has not shown by then is not waited for. */
const HIDDEN_MS = 4_000;
/** Questions of one turn; a prompt from the phone begins the next. */
const TURN = 8;
const TYPED: readonly string[] = ['confirmed', 'typed', 'typed_unconfirmed', 'unknown'];

/** Nothing went on: the session is over before its time. */
export class Stalled extends Error {}

export class Session {
  readonly #agent: LiveAgent;
  readonly #workplace: Workplace;
  readonly #phone: TestPhone;
  readonly #rng: Random;
  readonly #ledger: Ledger;
  readonly #cards = new Map<string, Question>();
  /** Cards that have a nonce, by it. */
  readonly #qids = new Map<string, Map<string, string>>();
  /** Cards of the questions that are over, by their nonces: another one would be a doubled card that came late. */
  readonly #done = new Map<string, Set<string>>();
  #wake: (() => void)[] = [];
  #desk: Desk | undefined;
  #fromMs = 0;
  started: Started | undefined;

  constructor(workplace: Workplace, phone: TestPhone, rng: Random, ledger: Ledger) {
    this.#agent = workplace.agent;
    this.#workplace = workplace;
    this.#phone = phone;
    this.#rng = rng;
    this.#ledger = ledger;
    phone.onEvent = (event) => {
      if (event.event === 'question') this.#heard(event.data);
      if (phone.events.length > 1000) phone.events.length = 0;
    };
  }

  /** Plays until `goes()` says no, at the end of a turn. Throws `Stalled`. */
  async play(name: string, goes: () => boolean): Promise<void> {
    try {
      for (let turn = 1; goes(); turn++) {
        const script = `${name}-${turn}`;
        const asks = Array.from({ length: TURN }, (_, n) => makeAsk(this.#agent, this.#rng, n === TURN - 1));
        const turns = [...asks.map((ask) => ask.turn), { say: `Turn ${turn} is done. What shall I do next?` }];
        this.#workplace.model.play(
          script,
          turns.map((each) => (this.#agent.thinkMs ? { thinkMs: this.#agent.thinkMs, ...each } : each)),
        );
        if (this.started === undefined) {
          this.started = this.#workplace.start(script);
          this.#fromMs = performance.now();
        } else await this.#prompt(script);
        for (const [n, ask] of asks.entries()) {
          await this.#until(
            `question ${n + 1} of ${script} is asked`,
            () => this.#asked(script, n),
            turn === 1 && n === 0 ? START_MS : ASK_MS,
          );
          this.#ledger.asked++;
          this.#desk ??= await sitDown(this.#workplace.env, this.started.run, this.#rng, () => this.#listStands());
          await this.#one(script, n, ask);
        }
      }
    } finally {
      this.#desk?.leave();
      for (const key of ['resizes', 'repaints', 'keys'] as const) this.#ledger.desk[key] += this.#desk?.counts[key] ?? 0;
      this.#phone.onEvent = null;
      if (this.started) this.#workplace.stop(this.started.run);
    }
  }

  async #one(script: string, n: number, ask: Ask): Promise<void> {
    const { ledger, tries } = { ledger: this.#ledger, tries: [] as { verdict: string; card: string }[] };
    const result = () => this.#workplace.model.results(script)[n] ?? null;
    const over = (): boolean =>
      result() !== null ||
      this.#asked(script, n + 1) ||
      (ask.wanted.kind === 'refuse' && tries.some(isTyped) && this.#open()?.question.kind === 'idle');
    const due = performance.now() + ASK_MS;
    let blockedUntil = 0;
    while (!over()) {
      if (performance.now() > due) {
        if (!this.#qids.has(ask.nonce)) this.#tell('lost', `${ask.nonce}: no card`);
        const shown = [...(this.#qids.get(ask.nonce)?.values() ?? [])].at(-1) ?? 'no card';
        throw new Stalled(
          `question ${ask.nonce} (${ask.wanted.kind}) after ${tries.map((t) => t.verdict).join(', ') || 'no try'}: ${shown}`,
        );
      }
      const card = this.#open();
      const tried = card && `${card.qid}/${card.rev}/${card.digest}`;
      // A page that was left standing shows what was ticked, not always the question.
      const page = card?.question.kind === 'confirm' && tries.length > 0;
      const known = card && (nonceOf(card, ask) || page) && !tries.some((t) => isTyped(t));
      const choice = known ? choiceOf(card, ask, this.#agent) : null;
      if (known && !choice && due - performance.now() < ASK_MS - HIDDEN_MS) this.#settleFor(card, ask);
      if (!card || !choice || performance.now() < blockedUntil) {
        await this.#change(200);
        continue;
      }
      const from = performance.now();
      const said = await this.#send(answerTo(card, choice));
      tries.push({ verdict: said.verdict, card: tried! });
      if (!TYPED.includes(said.verdict)) {
        const why = `${said.verdict}: ${said.message}`;
        ledger.refused.set(why, (ledger.refused.get(why) ?? 0) + 1);
        blockedUntil = performance.now() + 60;
        // Somebody at the desk who has begun a note there leaves it again.
        if (/note is being written/.test(said.message)) await this.#desk?.type('\t');
        continue;
      }
      ledger.tookMs.push(performance.now() - from);
      if (said.verdict !== 'confirmed') this.#tell('unconfirmed', `${ask.nonce} ${ask.wanted.kind}: ${said.message}`);
      await this.#until(`the effect of ${JSON.stringify(ask.wanted)} on ${ask.nonce} after ${said.verdict}`, over, EFFECT_MS).catch(
        (error: unknown) => {
          if (said.verdict === 'confirmed') this.#tell('unfounded', `${ask.nonce}: confirmed, and the agent has nothing`);
          throw error;
        },
      );
    }
    const wrong = wrongWith(ask, this.#workplace.trusted, result());
    const typed = tries.filter(isTyped);
    const told = `${ask.nonce}: ${wrong ?? 'as wanted'}; tries ${tries.map((t) => t.verdict).join(', ') || 'none'}`;
    if (typed.length === 0) this.#tell(tries.length === 0 || wrong !== null ? 'byItself' : 'denied', told);
    else if (wrong !== null) this.#tell('wrong', told);
    else ledger.answered++;
    const qids = this.#qids.get(ask.nonce);
    if (qids === undefined) this.#tell('lost', told);
    else if (qids.size > 1) {
      const cards = [...qids].map(([qid, kind]) => `${qid} ${kind}`);
      // Where somebody at the desk came between the keys, the page that then stands is a question to the phone, and so is the one it goes back to.
      const kinds = [...qids.values()].map((seen) => seen.split('|')[0]);
      const left = typed.length < tries.length && kinds.includes('confirm') && kinds.every((kind, n) => kind !== kinds[n + 1]);
      this.#tell(left ? 'halves' : 'doubled', `${told}: ${ask.wanted.kind}: ${cards.join(', ')}`);
    }
    const [source = 'none'] = [...(qids?.values() ?? [])].at(-1)?.split('|').slice(-1) ?? [];
    ledger.sources.set(source, (ledger.sources.get(source) ?? 0) + 1);
    this.#done.set(ask.nonce, new Set(qids?.keys()));
    this.#qids.clear();
  }

  /** What a card does not show cannot be tapped: something that it shows. */
  #settleFor(card: Question, ask: Ask): void {
    const instead = wantedOf(
      ask,
      card.question.options.map((option) => option.label),
    );
    if (instead === null || JSON.stringify(instead) === JSON.stringify(ask.wanted)) return;
    this.#tell('hidden', `${ask.nonce}: of ${ask.labels.join(', ')}: ${JSON.stringify(ask.wanted)}, now ${JSON.stringify(instead)}`);
    ask.wanted = instead;
  }

  /** The prompt for the next turn, typed into the agent that is ready. */
  async #prompt(script: string): Promise<void> {
    const due = performance.now() + ASK_MS;
    const asked = () => this.#asked(script, 0);
    for (let [blocked, tidied] = ['', 0]; !asked(); ) {
      if (performance.now() > due) throw new Stalled(`no next prompt ${script}; ${blocked}`);
      const card = this.#open();
      if (card?.question.kind !== 'idle') {
        await this.#change(200);
        continue;
      }
      const said = await this.#send(answerTo(card, { type: 'text', text: scriptPrompt(script) }));
      if (TYPED.includes(said.verdict)) {
        if (said.verdict !== 'confirmed') this.#tell('unconfirmed', `${script} prompt: ${said.message}`);
        await this.#until(`the prompt ${script} after ${said.verdict}`, asked, EFFECT_MS);
        this.#ledger.prompts++;
        return;
      }
      blocked = `${said.verdict}: ${said.message}`;
      this.#ledger.refused.set(`prompt, ${blocked}`, (this.#ledger.refused.get(`prompt, ${blocked}`) ?? 0) + 1);
      // An arrow that came late has fetched an old prompt: to its end and away with it, or down out of the history.
      if (/typed at the desk/.test(blocked)) await this.#desk?.type(tidied++ % 2 === 0 ? '\x05\x15' : '\x1b[B');
      await this.#change(600);
    }
  }

  /** As the page does: where no reply comes, the same answer again. */
  async #send(answer: Answer): Promise<{ verdict: string; message: string }> {
    for (let nth = 1; ; nth++) {
      const late = new Promise<null>((resolve) => setTimeout(resolve, REPLY_MS, null));
      const reply = this.#phone.call('questions.answer', answer).then(
        (v) => ({ verdict: v.verdict as string, message: v.message }),
        (error: { code?: string; message?: string }) => ({ verdict: error.code ?? String(error), message: error.message ?? '' }),
      );
      const said = await Promise.race([reply, late]);
      if (said !== null) return said;
      if (nth === 4) throw new Stalled(`no reply to an answer in ${(nth * REPLY_MS) / 1000} s`);
    }
  }

  #asked(script: string, step: number): boolean {
    return this.#workplace.model.requests.some((r) => r.script === script && r.step >= step);
  }

  #heard(question: Question): void {
    if (this.started !== undefined && question.run !== this.started.run) return;
    const known = this.#cards.has(question.qid);
    this.#cards.set(question.qid, question);
    const nonce = /\b[0-9a-f]{8}\b/.exec(wordsOf(question))?.[0];
    const { kind } = question.question;
    if (nonce !== undefined && kind !== 'idle') {
      const { title, text, detail, options, source } = question.question;
      const done = this.#done.get(nonce);
      if (done !== undefined && !done.has(question.qid)) {
        done.add(question.qid);
        this.#tell('doubled', `${nonce}: ${question.qid} ${kind}, after its end`);
      }
      const seen = [kind, title, text, detail, options.map((option) => option.label).join(','), source].join('|');
      this.#qids.set(nonce, (this.#qids.get(nonce) ?? new Map()).set(question.qid, seen));
    } else if (kind !== 'idle' && !known)
      this.#tell('strays', `${question.qid} ${kind} ${wordsOf(question).slice(0, 120)} (${question.state.state})`);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Written down, and printed with its place in the recording. */
  #tell(kind: Incident, what: string): void {
    this.#ledger.incidents[kind].push(what);
    const atS = ((performance.now() - this.#fromMs) / 1000).toFixed(1);
    process.stdout.write(`  ${kind} at ${atS} s of ${basename(this.started?.cast ?? '')}: ${what}\n`);
  }

  #open(): Question | undefined {
    return [...this.#cards.values()].findLast((each) => each.state.state === 'open');
  }

  #listStands(): boolean {
    const open = this.#open();
    return open !== undefined && open.question.kind !== 'idle' && open.question.options.length > 1;
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #until(what: string, holds: () => boolean, ms: number): Promise<void> {
    const due = performance.now() + ms;
    while (!holds()) {
      if (performance.now() > due) throw new Stalled(`${what}: not within ${ms / 1000} s`);
      await this.#change(100);
    }
  }
}

const isTyped = (tried: { verdict: string }): boolean => TYPED.includes(tried.verdict);
