/**
 * The questions of all runs: gives each appearance its id, keeps its life (life-cycle.ts), remembers the open one of each run on disk so that a
 * new daemon finds the same question under the same id. Emits every change. Detection is watcher.ts, answering is answer.ts.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as v from 'valibot';
import { randomId } from '../../shared/bytes.ts';
import type { Question } from '../../shared/protocol.ts';
import { ensurePrivateDir, errno, readPrivateFile } from '../state.ts';
import type { StandingQuestion } from './detector.ts';
import { labelDigest } from './digest.ts';
import { type LifeEvent, next } from './life-cycle.ts';

/** What a card says about the run it belongs to. */
export interface RunFacts {
  run: string;
  agent: string;
  agentTitle: string;
  runName: string;
  cwd: string;
}

/** Settled questions kept in memory per run, for "answered by" and late answers; older ids are simply gone. */
const KEEP_SETTLED = 32;

const RecordSchema = v.strictObject({
  v: v.literal(1),
  run: v.string(),
  qid: v.string(),
  rev: v.number(),
  digest: v.string(),
  openedAt: v.number(),
  /** What the holder had counted of local typing when it opened: typing while no daemon looked may have answered it. */
  localInputs: v.number(),
  count: v.number(),
});
type OpenRecord = v.InferOutput<typeof RecordSchema>;

interface RunQuestions {
  facts: RunFacts;
  count: number;
  /** The detector's own id of what stands, and ours. */
  standing: { detectorId: string; qid: string; localInputs: number } | null;
  questions: Map<string, Question>;
  /** From an earlier daemon; good for the first appearance only. */
  remembered: OpenRecord | null;
}

export interface BookOptions {
  /** Private directory for the open questions. */
  directory: string;
  /** The answer journal lost lines: no remembered id may be used again. */
  forget: boolean;
  /** Ids of questions that an earlier daemon may or may not have answered: they are never open again. */
  doubted?: ReadonlySet<string>;
  onChange(question: Question): void;
  note(text: string): void;
  nowMs?: () => number;
}

export class QuestionBook {
  readonly #options: BookOptions;
  readonly #nowMs: () => number;
  readonly #runs = new Map<string, RunQuestions>();

  constructor(options: BookOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    ensurePrivateDir(options.directory);
  }

  /** Open questions of all runs, newest first, then the settled ones that are still remembered. */
  all(): Question[] {
    const all = [...this.#runs.values()].flatMap((run) => [...run.questions.values()]);
    const rank = (question: Question): number => (question.state.state === 'open' ? 0 : 1);
    return all.sort((a, b) => rank(a) - rank(b) || b.openedAt - a.openedAt);
  }

  find(run: string, qid: string): Question | undefined {
    return this.#runs.get(run)?.questions.get(qid);
  }

  /** The question that stands open in `run`; never more than one. */
  openOf(run: string): Question | null {
    const mine = this.#runs.get(run);
    const question = mine?.standing ? mine.questions.get(mine.standing.qid) : undefined;
    return question?.state.state === 'open' ? question : null;
  }

  /** What stands in `run` on the screen, whether or not it has been answered. */
  standingOf(run: string): Question | null {
    const mine = this.#runs.get(run);
    return (mine?.standing && mine.questions.get(mine.standing.qid)) || null;
  }

  /**
   * The detector sees a new appearance. `localInputs` is the holder's count of local typing. A question that an earlier daemon left open, with
   * the same digest and nobody having typed since, is that same appearance and keeps its id.
   */
  appeared(facts: RunFacts, standing: StandingQuestion, localInputs: number): Question {
    const mine = this.#of(facts);
    const old = mine.remembered;
    mine.remembered = null;
    const same = old !== null && old.digest === standing.digest && old.localInputs === localInputs;
    mine.count = Math.max(mine.count, old?.count ?? 0) + (same ? 0 : 1);
    const question: Question = {
      ...facts,
      qid: same ? old.qid : `q${mine.count}-${randomId().slice(0, 10)}`,
      rev: same ? old.rev : 1,
      ...shown(standing),
      openedAt: same ? old.openedAt : this.#nowMs(),
      state: { state: 'open' },
    };
    mine.standing = { detectorId: standing.qid, qid: question.qid, localInputs };
    // Before anybody hears of it: a daemon killed in between must find the id that a phone has seen.
    this.#remember(mine, question);
    this.#put(mine, question);
    return question;
  }

  /** Same appearance, other text, options or highlight. `counts`: the digest changed, so answers to the old card must be refused. */
  revised(run: string, standing: StandingQuestion, counts: boolean): void {
    const mine = this.#runs.get(run);
    const question = this.standingOf(run);
    if (!mine || !question || mine.standing?.detectorId !== standing.qid || question.state.state !== 'open') return;
    const next: Question = { ...question, ...shown(standing), rev: question.rev + (counts ? 1 : 0) };
    if (counts) this.#remember(mine, next);
    this.#put(mine, next);
  }

  /** The detector sees it no longer. */
  vanished(run: string, detectorId: string, event: Extract<LifeEvent, { type: 'closed' }>): void {
    const mine = this.#runs.get(run);
    if (!mine?.standing || mine.standing.detectorId !== detectorId) return;
    const { qid } = mine.standing;
    mine.standing = null;
    this.apply(run, qid, event);
    this.#forget(run);
  }

  /** Moves a question along its life. Returns it as it is afterwards, undefined where it is not known. */
  apply(run: string, qid: string, event: LifeEvent): Question | undefined {
    const mine = this.#runs.get(run);
    const question = mine?.questions.get(qid);
    if (!mine || !question) return undefined;
    const state = next(question.state, event);
    if (state === question.state) return question;
    const moved = { ...question, state };
    this.#put(mine, moved);
    // Only its own record: the next question may stand already when the verdict on this one comes.
    if (state.state !== 'open' && (mine.standing === null || mine.standing.qid === qid)) this.#forget(run);
    return moved;
  }

  /** Something was typed into the run past the answer protocol: what stands may not be adopted by a later daemon any more. */
  touched(run: string): void {
    this.#forget(run);
  }

  /** The run is gone from the machine: its questions too. */
  drop(run: string): void {
    this.#runs.delete(run);
    this.#forget(run);
  }

  #of(facts: RunFacts): RunQuestions {
    const known = this.#runs.get(facts.run);
    if (known) return known;
    const made: RunQuestions = { facts, count: 0, standing: null, questions: new Map(), remembered: this.#recall(facts.run) };
    this.#runs.set(facts.run, made);
    return made;
  }

  #put(mine: RunQuestions, question: Question): void {
    mine.questions.delete(question.qid);
    mine.questions.set(question.qid, question);
    for (const [qid, old] of mine.questions) {
      if (mine.questions.size <= KEEP_SETTLED) break;
      if (old.state.state !== 'open' && qid !== question.qid) mine.questions.delete(qid);
    }
    this.#options.onChange(question);
  }

  #file(run: string): string {
    return path.join(this.#options.directory, `${run}.json`);
  }

  /** Written without fsync: it has to outlive the daemon, and after a power cut there is no agent left to ask anything. */
  #remember(mine: RunQuestions, question: Question): void {
    const record: OpenRecord = {
      v: 1,
      run: question.run,
      qid: question.qid,
      rev: question.rev,
      digest: question.digest,
      openedAt: question.openedAt,
      localInputs: mine.standing?.localInputs ?? 0,
      count: mine.count,
    };
    const file = this.#file(question.run);
    try {
      fs.writeFileSync(`${file}.tmp`, JSON.stringify(record), { mode: 0o600 });
      fs.renameSync(`${file}.tmp`, file);
    } catch (error) {
      this.#options.note(
        `The open question of run ${question.run} is not remembered on disk (${errno(error)}); after a restart it gets a new id.`,
      );
    }
  }

  #recall(run: string): OpenRecord | null {
    if (this.#options.forget) return null;
    try {
      const bytes = readPrivateFile(this.#file(run));
      const record = bytes === null ? null : v.parse(RecordSchema, JSON.parse(bytes.toString('utf8')));
      return record !== null && this.#options.doubted?.has(record.qid) ? null : record;
    } catch {
      this.#options.note(`What was remembered of the open question of run ${run} is not readable; it gets a new id.`);
      return null;
    }
  }

  #forget(run: string): void {
    try {
      fs.rmSync(this.#file(run), { force: true });
    } catch (error) {
      this.#options.note(`A remembered question of run ${run} cannot be removed (${errno(error)}).`);
    }
  }
}

const shown = (standing: StandingQuestion): Pick<Question, 'digest' | 'labelDigests' | 'question'> => ({
  digest: standing.digest,
  labelDigests: standing.question.options.map((option) => labelDigest(option.label)),
  question: standing.question,
});
