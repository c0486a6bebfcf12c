/**
 * Carries out a choice: the reader's steps, one write at a time, each `expect` seen on the live screen before anything further is sent. Owns the pace
 * and the waiting; what the steps are is the reader's, whether they may be taken at all answer.ts's.
 */
import { ClawError } from '../../shared/errors.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import type { Agent, Step } from '../agents/agent.ts';
import { keyBytes } from '../agents/lib/keys.ts';
import { type Clock, realClock, type Watcher } from './watcher.ts';

/** `typed`: the step that answers was written. If not, `why` completes "the answer was not given: …". */
export interface Performed {
  typed: boolean;
  why?: string;
}

export interface Performance {
  agent: Agent;
  watcher: Watcher;
  question: ParsedQuestion;
  choice: Choice;
  /** Throws `local_input` where the desk has typed since, `agent_not_reading`, `session_gone`. */
  write(bytes: string): Promise<void>;
  clock?: Clock;
}

/** How long a step may wait for the screen to show what it expects. */
const EXPECT_MS = 1500;
/** A plan that goes on planning is a bug; no dialog needs this many steps. */
const MAX_STEPS = 2000;

/** Throws `bad_choice` with nothing written, `agent_not_reading` with perhaps a part. */
export async function performChoice(performance: Performance): Promise<Performed> {
  const { agent, watcher, question, choice } = performance;
  const clock = performance.clock ?? realClock;
  const todo: Step[] = [...agent.keys(question, choice)];
  let typed = false;
  let writes = 0;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.at(clock.nowMs() + ms, resolve));
  const put = async (bytes: string): Promise<void> => {
    if (writes++ > 0) await pause(agent.paceMs);
    watcher.input();
    await performance.write(bytes);
  };
  for (let taken = 0; todo.length > 0; taken++) {
    if (taken > MAX_STEPS) throw new ClawError('internal', `The plan of ${agent.name} does not end.`);
    const step = todo.shift()!;
    switch (step.do) {
      case 'then':
        todo.unshift(...step.plan(watcher.read(), watcher.view()));
        break;
      case 'expect':
      case 'settle':
        if (!(await seen(step.holds, watcher, clock)) && step.do === 'expect') return { typed, why: step.what };
        break;
      case 'keys':
      case 'text': {
        const refused = await writeStep(step, watcher, put);
        if (refused !== null) return { typed, why: refused };
        if (step.commit === true) {
          typed = true;
          watcher.detector.renew();
        }
      }
    }
  }
  return typed ? { typed } : { typed, why: 'the dialog has no step that answers it' };
}

/** Null, or why nothing more may be written. */
async function writeStep(
  step: Extract<Step, { do: 'keys' | 'text' }>,
  watcher: Watcher,
  put: (bytes: string) => Promise<void>,
): Promise<string | null> {
  const view = watcher.view();
  const parts =
    step.do === 'keys'
      ? step.keys.map((key) => keyBytes(key, view.applicationCursor))
      : [pasted(step.text, step.paste && view.bracketedPaste)];
  try {
    for (const part of parts) await put(part);
    return null;
  } catch (error) {
    if (!(error instanceof ClawError)) throw error;
    if (error.code === 'local_input') return 'somebody typed at the desk at the same moment';
    if (error.code === 'session_gone') return 'the agent ended';
    throw error;
  }
}

const pasted = (text: string, bracketed: boolean): string => (bracketed ? `\x1b[200~${text}\x1b[201~` : text.replaceAll('\n', '\r'));

async function seen(
  holds: (now: ReturnType<Watcher['read']>, view: ReturnType<Watcher['view']>) => boolean,
  watcher: Watcher,
  clock: Clock,
): Promise<boolean> {
  const dueMs = clock.nowMs() + EXPECT_MS;
  for (;;) {
    if (holds(watcher.read(), watcher.view())) return true;
    if (clock.nowMs() >= dueMs) return false;
    let cancel: (() => void) | undefined;
    const timeout = new Promise<void>((resolve) => {
      cancel = clock.at(dueMs, resolve);
    });
    await Promise.race([watcher.changed(), timeout]);
    cancel?.();
  }
}
