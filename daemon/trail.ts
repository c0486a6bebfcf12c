/** What goes into the audit log, in the daemon's own events, and how a person reads it. The chain is audit.ts's. */
import type { ArgsOf, Policy, Question, ResultOf, Run, Verdict } from '../shared/protocol.ts';
import type { Caller } from './api-connection.ts';
import { type AuditLog, type AuditRecord, type OfQuestion, readAudit } from './audit.ts';
import { describePolicy } from './policies/policies.ts';

type By = Pick<Caller, 'kind' | 'id' | 'name'>;
const device = (by: By): { device?: string } => (by.kind === 'phone' ? { device: by.id } : {});

const ofQuestion = (question: Question): OfQuestion => ({
  run: question.run,
  name: question.runName,
  agent: question.agent,
  kind: question.question.kind,
  title: question.question.title,
  text: question.question.text,
  digest: question.digest,
});

export class Trail {
  readonly #log: AuditLog;
  readonly #directory: string;

  constructor(log: AuditLog, directory: string) {
    this.#log = log;
    this.#directory = directory;
  }

  answered(question: Question, verdict: Verdict, by: By | { rule: Policy }): void {
    const what = question.state.state === 'answered' ? (question.state.what ?? '') : '';
    const who =
      'rule' in by
        ? { by: `rule: ${describePolicy(by.rule)}`, via: 'rule' as const, rule: by.rule.id }
        : { by: by.name, via: by.kind, ...device(by) };
    this.#log.add({ type: 'answer', ...who, what, verdict: verdict.verdict, ...ofQuestion(question) });
  }

  /** Went away without an answer through the daemon. */
  closed(question: Question): void {
    const { state } = question;
    if (state.state !== 'closed' || question.question.kind === 'idle') return;
    this.#log.add({ type: 'closed', reason: state.reason, ...(state.by === undefined ? {} : { by: state.by }), ...ofQuestion(question) });
  }

  started(run: Run, by: By): void {
    this.#log.add({ type: 'start', by: by.name, ...device(by), run: run.run, name: run.name, command: run.argv[0] ?? '' });
  }

  stopped(run: string, name: string, by: By): void {
    this.#log.add({ type: 'stop', by: by.name, ...device(by), run, name, command: '' });
  }

  typed(request: ArgsOf<'runs.type'>, by: By): void {
    const bytes = Buffer.byteLength(request.text ?? '');
    this.#log.add({ type: 'typed', by: by.name, ...device(by), run: request.run, bytes, keys: request.keys?.length ?? 0 });
  }

  rule(change: 'added' | 'removed', rule: Policy, by: By): void {
    this.#log.add({ type: 'rule', by: by.name, ...device(by), change, rule: describePolicy(rule) });
  }

  /** Newest first. */
  list(query: ArgsOf<'audit.list'>): ResultOf<'audit.list'> {
    const { records, broken } = readAudit(this.#directory);
    const wanted = records.filter((record) => query.before === undefined || record.n < query.before).reverse();
    const entries = wanted.slice(0, query.limit ?? 50).map((record) => ({
      n: record.n,
      at: record.at,
      type: record.type,
      ...('by' in record && record.by !== undefined ? { by: record.by } : {}),
      ...('run' in record ? { run: record.run } : {}),
      text: readable(record),
    }));
    return { entries, intact: broken.length === 0 };
  }
}

/** One line for a person. */
export function readable(record: AuditRecord): string {
  switch (record.type) {
    case 'answer':
      return `${record.by} answered “${record.what}” to ${record.name} (${record.title || record.text}): ${record.verdict}`;
    case 'closed':
      return `${record.name} (${record.title || record.text}): ${record.reason.replaceAll('_', ' ')}`;
    case 'start':
      return `${record.by} started ${record.name}`;
    case 'stop':
      return `${record.by} stopped ${record.name}`;
    case 'typed':
      return `${record.by} typed ${record.bytes} bytes and ${record.keys} keys into ${record.run}`;
    case 'rule':
      return `${record.by} ${record.change} the rule: ${record.rule}`;
    case 'log':
      return record.text;
  }
}
