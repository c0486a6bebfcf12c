/** What a card says about its answer, in words; and whether it may still be answered. Pure. */
import type { Question, VerdictCode } from '../../shared/protocol.ts';
import type { Asked } from '../state.ts';
import { isFinal } from '../store/answer-terms.ts';

export type Tone = 'calm' | 'good' | 'bad';
export interface Said {
  tone: Tone;
  title: string;
  why: string;
  /** The answer is still here and can be taken back. */
  canTakeBack: boolean;
}

const TITLES: Record<VerdictCode, string> = {
  typed: 'Typed',
  confirmed: 'Confirmed',
  typed_unconfirmed: 'Typed, not confirmed',
  unknown: 'It may have been typed',
  question_gone: 'Not typed: the question is gone',
  question_changed: 'Not typed: the question has changed',
  already_answered: 'Not typed: already answered',
  expired: 'Not typed: too late',
  journal_unavailable: 'Not typed: the machine cannot keep its journal',
  agent_not_reading: 'Not typed: the agent does not read',
  not_typed: 'Not typed',
  bad_choice: 'Not typed: the choice does not fit',
};

const CLOSED: Record<Extract<Question['state'], { state: 'closed' }>['reason'], string> = {
  answered_at_desk: 'Answered at the desk',
  answered: 'Answered',
  superseded: 'Gone from the screen',
  agent_ended: 'The agent has ended',
  dismissed: 'Dismissed',
};

/** The words on this phone's own answer, or on what happened elsewhere; null while nothing has. */
export function saidOf({ question, answer, machine }: Asked): Said | null {
  if (answer && !isFinal(answer.verdict)) {
    if (answer.verdict) return { tone: 'calm', title: 'Typed', why: 'Waiting for the agent to take it.', canTakeBack: false };
    // Between the tap and the line there is a moment: with the machine there, it is already on its way.
    if (answer.sentAtMs === null && machine.status.state !== 'connected')
      return { tone: 'calm', title: 'Waiting for the machine', why: 'It goes out as soon as the machine is back.', canTakeBack: true };
    return { tone: 'calm', title: 'Sending', why: '', canTakeBack: false };
  }
  if (answer?.verdict) {
    const { verdict, message } = answer.verdict;
    const tone = verdict === 'confirmed' || verdict === 'typed' ? 'good' : 'bad';
    return { tone, title: TITLES[verdict], why: verdict === 'confirmed' ? '' : message, canTakeBack: false };
  }
  return elsewhere(question);
}

/** What became of a question that this phone did not answer. Its own name proves nothing: two devices may have the same. */
function elsewhere({ state }: Question): Said | null {
  if (state.state === 'answered')
    return {
      tone: 'calm',
      title: `Answered by ${state.by}`,
      why: state.what ?? '',
      canTakeBack: false,
    };
  if (state.state !== 'closed') return null;
  const by = state.by && state.reason !== 'answered_at_desk' ? ` by ${state.by}` : '';
  return { tone: 'calm', title: `${CLOSED[state.reason]}${by}`, why: '', canTakeBack: false };
}

/** May a button be pressed? Not while an answer is under way, nor after one that has, or may have, been typed. */
export function mayAnswer({ question, answer }: Asked): boolean {
  if (question.state.state !== 'open') return false;
  if (!answer) return true;
  if (!isFinal(answer.verdict)) return false;
  const { verdict } = answer.verdict!;
  if (verdict === 'confirmed') return false;
  // The same question still stands: a person who has looked may try again.
  return true;
}

/** How long a card that has been dealt with stays where it was, ms. */
export const LINGER_MS = 8_000;

/** Does the card still stand in the inbox at `nowMs`? */
export function stands(asked: Asked, nowMs: number): boolean {
  const { question, answer, machine } = asked;
  const { state } = question;
  if (state.state === 'open') return true;
  if (answer && !isFinal(answer.verdict)) return true;
  const settledAtMs = Math.max(state.at - machine.skewMs, answer?.heardAtMs ?? 0);
  return nowMs - settledAtMs < LINGER_MS;
}
