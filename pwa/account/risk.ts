/** What the device check stands before: answers that widen rights, and commands that let a machine do more than answer. Pure. */
import type { ArgsOf, CommandName } from '../../shared/protocol.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';

/** Does the choice take an option that widens rights beyond this one question? */
export function widens({ options }: ParsedQuestion, choice: Choice): boolean {
  if (choice.type === 'option') return options[choice.index]?.dangerous === true;
  if (choice.type === 'options') return choice.picks.some(({ index }) => options[index]?.dangerous === true);
  return false;
}

/** A rule that says yes by itself, or one taken away (it may have been the one that says no), a job that will run, a command line or flags of one's own. */
export function isRisky<C extends CommandName>(cmd: C, args: ArgsOf<C>): boolean {
  if (cmd === 'jobs.save' || cmd === 'policies.remove') return true;
  if (cmd === 'policies.add') return (args as ArgsOf<'policies.add'>).policy.effect === 'allow';
  if (cmd !== 'runs.start') return false;
  const start = args as ArgsOf<'runs.start'>;
  return start.from === 'command' || (start.from === 'agent' && (start.flags?.length ?? 0) > 0);
}
