/**
 * The life of one question as a table: which event takes which state where. Pure. Who causes events is answer.ts and book.ts; what is asked is
 * the detector's.
 */
import type { Question } from '../../shared/protocol.ts';

export type LifeState = Question['state'];
export type CloseReason = Extract<LifeState, { state: 'closed' }>['reason'];
export type TypedVerdict = Extract<LifeState, { state: 'answered' }>['verdict'];

export type LifeEvent =
  /** Keys were written for an answer. */
  | { type: 'typed'; by: string; atMs: number; what?: string }
  /** What became of what was written. */
  | { type: 'verdict'; verdict: Exclude<TypedVerdict, 'typed'> }
  /** Nobody knows whether the keys of an answer were written (a crash between INTENT and TYPED). */
  | { type: 'doubt'; by: string; atMs: number }
  /** The screen shows it no longer, or it was answered elsewhere. */
  | { type: 'closed'; reason: CloseReason; atMs: number; by?: string };

type Rule = (state: LifeState, event: never) => LifeState;
const rule = <S extends LifeState['state'], E extends LifeEvent['type']>(
  make: (state: Extract<LifeState, { state: S }>, event: Extract<LifeEvent, { type: E }>) => LifeState,
): Rule => make as unknown as Rule;

const close = rule<'open', 'closed'>((_state, event) => ({
  state: 'closed',
  reason: event.reason,
  at: event.atMs,
  ...(event.by === undefined ? {} : { by: event.by }),
}));

/** An absent cell: the event means nothing in that state and is dropped. `answered` keeps standing when its prompt goes away: that is what it waited for. */
export const TRANSITIONS: Record<LifeState['state'], Partial<Record<LifeEvent['type'], Rule>>> = {
  open: {
    typed: rule<'open', 'typed'>((_state, event) => ({
      state: 'answered',
      by: event.by,
      at: event.atMs,
      verdict: 'typed',
      ...(event.what === undefined ? {} : { what: event.what }),
    })),
    doubt: rule<'open', 'doubt'>((_state, event) => ({ state: 'answered', by: event.by, at: event.atMs, verdict: 'unknown' })),
    closed: close,
  },
  answered: {
    verdict: rule<'answered', 'verdict'>((state, event) => (state.verdict === 'typed' ? { ...state, verdict: event.verdict } : state)),
  },
  closed: {},
};

/** The state after `event`; the same object where the event means nothing there. */
export function next(state: LifeState, event: LifeEvent): LifeState {
  const apply = TRANSITIONS[state.state][event.type];
  return apply === undefined ? state : apply(state, event as never);
}
