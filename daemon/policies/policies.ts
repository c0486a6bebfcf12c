/**
 * The rules of this machine: kept in `policies.toml`, which a person may edit; listed, added and revoked through the API; applied to each question as it
 * opens, through the same answer protocol as a person's tap.
 */
import * as path from 'node:path';
import { parse, stringify, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { randomId } from '../../shared/bytes.ts';
import { asClawError, ClawError } from '../../shared/errors.ts';
import { type Answer, type ArgsOf, type Policy, PolicySchema, type Question, type Verdict } from '../../shared/protocol.ts';
import { readPrivateFile, type State, writeFileAtomic } from '../state.ts';
import { decide } from './rules.ts';

const MAX_RULES = 500;
const FileSchema = v.strictObject({ policy: v.optional(v.array(PolicySchema)) });

export interface PoliciesOptions {
  state: State;
  /** The job that a run is of, or null. */
  jobOf(run: string): string | null;
  answer(answer: Answer, by: string): Promise<Verdict>;
  note(text: string): void;
  /** A rule has answered, or tried to. */
  onAnswered(question: Question, rule: Policy, verdict: Verdict): void;
  nowMs?: () => number;
}

export class Policies {
  readonly #options: PoliciesOptions;
  readonly #file: string;
  readonly #nowMs: () => number;
  /** Revisions that a rule has been applied to: a rule that did not take is not tried for ever. */
  readonly #tried = new Set<string>();

  constructor(options: PoliciesOptions) {
    this.#options = options;
    this.#file = path.join(options.state.root, 'policies.toml');
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Throws `config_policies` for a file that cannot be read: then no rule applies. */
  list(): Policy[] {
    const bytes = readPrivateFile(this.#file);
    if (bytes === null) return [];
    try {
      return v.parse(FileSchema, parse(bytes.toString('utf8').replace(/^\uFEFF/, ''))).policy ?? [];
    } catch (cause) {
      const why =
        cause instanceof v.ValiError
          ? (cause.issues[0].path?.map((item: { key: unknown }) => String(item.key)).join('.') ?? '')
          : cause instanceof TomlError
            ? `line ${cause.line}, column ${cause.column}: ${cause.message.split('\n')[0]}`
            : String(cause).split('\n')[0];
      throw new ClawError('config_policies', `${this.#file} is not readable (${why}); no rule applies until it is.`, { cause });
    }
  }

  add({ policy }: ArgsOf<'policies.add'>, by: string): Policy {
    if (policy.effect === 'allow' && policy.command === undefined && policy.tool === undefined)
      throw new ClawError('bad_policy', 'A rule that allows must name a command or a tool.', {
        hint: 'For example: clawtab policies allow -- git status',
      });
    const rules = this.#current();
    if (rules.length >= MAX_RULES) throw new ClawError('bad_policy', `There are ${MAX_RULES} rules already; remove some.`);
    const made: Policy = { ...policy, id: randomId().slice(0, 8), createdAt: this.#nowMs(), by };
    this.#save([...rules, made]);
    return made;
  }

  /** Throws `not_found`. */
  remove(id: string): Policy {
    const rules = this.#current();
    const gone = rules.find((rule) => rule.id === id);
    if (!gone) throw new ClawError('not_found', `There is no rule ${id}.`, { hint: 'See them with: clawtab policies' });
    this.#save(rules.filter((rule) => rule !== gone));
    return gone;
  }

  /** A question stands open: is there a rule for it? */
  opened(question: Question): void {
    const key = `${question.run} ${question.qid} ${question.rev}`;
    if (question.state.state !== 'open' || this.#tried.has(key)) return;
    let rules: Policy[];
    try {
      rules = this.list();
    } catch (error) {
      this.#options.note(asClawError(error).message);
      return;
    }
    const { question: parsed, agent, run, cwd } = question;
    const decision = decide({ question: parsed, agent, run, cwd, job: this.#options.jobOf(run) }, rules, this.#nowMs());
    if (decision === null) return;
    this.#tried.add(key);
    for (const old of this.#tried) {
      if (this.#tried.size <= 1000) break;
      this.#tried.delete(old);
    }
    const answer: Answer = {
      answerId: randomId(),
      run,
      qid: question.qid,
      rev: question.rev,
      digest: question.digest,
      choice: decision.choice,
      ttlS: 60,
    };
    this.#options.answer(answer, `rule: ${describePolicy(decision.rule)}`).then(
      (verdict) => this.#options.onAnswered(question, decision.rule, verdict),
      (error: unknown) => this.#options.note(`A rule could not answer: ${asClawError(error).message}`),
    );
  }

  /** Rules that have run out are dropped when the file is next written. */
  #current(): Policy[] {
    return this.list().filter((rule) => rule.until === undefined || rule.until > this.#nowMs());
  }

  #save(rules: readonly Policy[]): void {
    writeFileAtomic(
      this.#file,
      `# Rules that answer by themselves; see clawtab policies --help. Deny wins over allow.\n\n${stringify({ policy: [...rules] })}`,
    );
  }
}

/** "deny rm -rf", "allow git status (claude)". */
export function describePolicy(rule: Policy): string {
  const what = rule.command?.join(' ') ?? rule.tool ?? 'everything';
  const where = [rule.agent, rule.job === undefined ? undefined : `job ${rule.job}`, rule.directory].filter((part) => part !== undefined);
  return `${rule.effect} ${what}${where.length === 0 ? '' : ` (${where.join(', ')})`}`;
}
