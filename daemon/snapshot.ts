/** The state of the daemon as one message that fits the wire; what does not fit follows as ordinary events. Pure. */
import type { ProtocolEvent, Question, Snapshot } from '../shared/protocol.ts';

/** A diff or a plan may be long, but one card must fit a frame. */
const MAX_DETAIL_CHARS = 96 * 1024;

/** A question whose detail fits a frame; what was cut is said, never dropped in silence. */
export function fitQuestion(question: Question): Question {
  const { detail } = question.question;
  if (detail.length <= MAX_DETAIL_CHARS) return question;
  const cut = `${detail.slice(0, MAX_DETAIL_CHARS)}\n… ${detail.length - MAX_DETAIL_CHARS} more characters: look at the run itself.`;
  return { ...question, question: { ...question.question, detail: cut } };
}

type State = Omit<Snapshot, 'seq'>;

/** Open questions first, then the newest runs and jobs, until three quarters of `maxBytes` are full. */
export function fitSnapshot(state: State, maxBytes: number): { snapshot: State; rest: ProtocolEvent[] } {
  let room = Math.floor(maxBytes * 0.75) - JSON.stringify(state.machine).length - 256;
  const rest: ProtocolEvent[] = [];
  const take = <T>(items: readonly T[], late: (item: T) => ProtocolEvent): T[] =>
    items.filter((item) => {
      room -= Buffer.byteLength(JSON.stringify(item)) + 1;
      if (room < 0) rest.push(late(item));
      return room >= 0;
    });
  const questions = take(state.questions.map(fitQuestion), (data) => ({ event: 'question', data }));
  const runs = take(state.runs, (data) => ({ event: 'run', data }));
  const jobs = take(state.jobs, (data) => ({ event: 'job', data }));
  return { snapshot: { ...state, questions, runs, jobs }, rest };
}
