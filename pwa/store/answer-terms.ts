/** The two facts about an answer that screens need before the outbox is there. */
import type { Verdict } from '../../shared/protocol.ts';

/** How long an answer may wait for its machine, s. */
export const ANSWER_TTL_S = 600;

/** Is there nothing more to come? */
export const isFinal = (verdict: Verdict | null): boolean => verdict !== null && verdict.verdict !== 'typed';
