/** A run in the protocol's words: what it is doing, how it ended. Pure. */
import type * as v from 'valibot';
import type { Run, RunStateSchema } from '../shared/protocol.ts';
import type { ParsedQuestion } from '../shared/question.ts';
import type { AgentState } from './agents/agent.ts';
import type { ExitRecord } from './runs/holder-protocol.ts';

export type RunState = v.InferOutput<typeof RunStateSchema>;

/** `live`: its screen shows the present; `open`: the question that stands; `state`: what the agent's reader said last. */
export function runState(run: { ended: boolean; live: boolean; open: ParsedQuestion | null; state: AgentState | null }): RunState {
  const { open, state } = run;
  if (run.ended) return { state: 'ended' };
  if (!run.live) return { state: 'starting' };
  if (open !== null && open.kind !== 'idle') return { state: 'asking' };
  if (state?.state === 'ready' || open !== null) return { state: 'ready', ...(open ? { lastText: open.text } : {}) };
  if (state?.state === 'error') return { state: 'error', text: state.text, retrying: state.retrying };
  if (state?.state === 'limit')
    return { state: 'limit', text: state.text, ...(state.resetAt === undefined ? {} : { resetAt: state.resetAt }) };
  return { state: 'working' };
}

/** How a run ended, in the protocol's words. */
export function endOf(exit: ExitRecord): Pick<Run, 'endedAt' | 'exit'> {
  const reason = exit.how === 'lost' ? 'lost' : exit.stoppedBy === null ? undefined : `stopped by ${exit.stoppedBy}`;
  return { endedAt: exit.endedMs, exit: { code: exit.code, signal: exit.signal, ...(reason === undefined ? {} : { reason }) } };
}
