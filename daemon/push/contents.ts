/** What a push says: the question with as much of it as a notification shows, what became of it, how a run ended, what happened to the account. Sent by sender.ts. */
import type { Question, Run } from '../../shared/protocol.ts';
import type { PushMessage } from '../../shared/push-seal.ts';
import type { EventWord } from '../../shared/security-events.ts';
import { labelDigest } from '../questions/digest.ts';

const TTL_S = 4 * 3600;
/** A phone that was off over a weekend hears of it still. */
const ALERT_TTL_S = 3 * 24 * 3600;
/** How long a push service keeps it for a phone that is away, s. */
export const ttlS = (kind: Content['kind']): number => (kind === 'security' ? ALERT_TTL_S : TTL_S);
const BODY_CHARS = 400;

export type Content = Omit<PushMessage, 'v' | 'n' | 'machine'>;

const cut = (text: string, chars: number): string => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);
const minutes = (ms: number): string => {
  const min = Math.max(1, Math.round(ms / 60_000));
  return min < 120 ? `${min} min` : `${Math.round(min / 60)} h`;
};

/** `waitedMs`: it is told again, after so long. */
export function asking(question: Question, nowMs: number, waitedMs: number | null = null): Content {
  const { kind, title, text, detail, options } = question.question;
  const simple = kind === 'permission' || kind === 'confirm' || kind === 'choice';
  const buttons = options.slice(0, 4).map((option, index) => ({
    index,
    label: cut(option.label, 60),
    labelDigest: labelDigest(option.label),
    ...(option.dangerous === true ? { dangerous: true } : {}),
  }));
  const secret = kind === 'password';
  const head = waitedMs === null ? '' : `Waiting for ${minutes(waitedMs)} · `;
  return {
    kind: 'question',
    tag: question.run,
    exp: nowMs + TTL_S * 1000,
    title: cut(`${head}${question.runName}: ${title || text || question.agentTitle}`, 120),
    body: secret ? 'A password is asked for.' : cut([detail, text].filter((part) => part !== '').join('\n'), BODY_CHARS),
    run: question.run,
    qid: question.qid,
    rev: question.rev,
    digest: question.digest,
    ...(simple && options.length <= 4 ? { options: buttons } : {}),
  };
}

/** An agent has done what it was told and waits for more. No button can answer that. */
export const ready = (question: Question, nowMs: number): Content => ({
  kind: 'ended',
  tag: question.run,
  exp: nowMs + TTL_S * 1000,
  title: cut(`${question.runName} is ready`, 120),
  body: cut(question.question.text || `${question.agentTitle} waits for its next prompt.`, BODY_CHARS),
  run: question.run,
});

export function settled(question: Question, nowMs: number): Content {
  const { state } = question;
  const body =
    question.question.kind === 'idle'
      ? 'It goes on.'
      : state.state === 'answered' || (state.state === 'closed' && state.reason === 'answered')
        ? `Answered by ${state.by ?? 'somebody'}.`
        : state.state === 'closed' && state.reason === 'answered_at_desk'
          ? 'Answered at the desk.'
          : 'No longer asked.';
  return {
    kind: 'settled',
    tag: question.run,
    exp: nowMs + 3600_000,
    title: question.runName,
    body,
    run: question.run,
    qid: question.qid,
  };
}

export function ended(run: Run, nowMs: number): Content {
  const { code = null, signal, reason } = run.exit ?? {};
  const why = reason === undefined ? undefined : NOT_MEANT[reason];
  const body = why ?? (code === 0 ? 'Done.' : code === null ? `Ended by ${signal ?? 'a signal'}.` : `Failed with exit code ${code}.`);
  return { kind: 'ended', tag: run.run, exp: nowMs + TTL_S * 1000, title: run.name, body, run: run.run };
}

/** Ends with a reason that nobody asked for. */
export const NOT_MEANT: Readonly<Record<string, string>> = {
  'stopped by timeout': 'Stopped: its time limit was over.',
  lost: 'Its process has gone; the machine restarted, or it was killed.',
};

/** A scheduled run that did not come to be: it has no output to show. */
export const notStarted = (job: string, why: string, nowMs: number): Content => ({
  kind: 'ended',
  tag: `job ${job}`,
  exp: nowMs + TTL_S * 1000,
  title: job,
  body: cut(`Could not be started: ${why}`, BODY_CHARS),
});

/** `subject`: kind and device. Of several machines that tell the same, a phone shows one. */
export const happened = (word: EventWord, subject: string, nowMs: number): Content => ({
  kind: 'security',
  tag: `security/${cut(subject, 80)}`,
  exp: nowMs + ALERT_TTL_S * 1000,
  title: 'Security of your account',
  body: cut(word.hint === undefined ? word.text : `${word.text} ${word.hint}`, BODY_CHARS),
});

export const trial = (machineName: string, nowMs: number): Content => ({
  kind: 'test',
  tag: 'test',
  exp: nowMs + 60_000,
  title: 'ClawTab works',
  body: `This came from ${machineName}, and nobody between could read it.`,
});
