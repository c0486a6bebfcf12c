/** `clawtab answer <qid> [option…] [--text T] [--dismiss]`: for scripts and for people at another terminal. */
import { Command } from 'commander';
import { randomId } from '../../shared/bytes.ts';
import { ClawError, EXIT } from '../../shared/errors.ts';
import type { Question, Verdict } from '../../shared/protocol.ts';
import type { Choice } from '../../shared/question.ts';
import { withDaemon } from './connect.ts';
import { json, say, visible } from './print.ts';

interface Options {
  text?: string;
  dismiss?: boolean;
  json?: boolean;
}

export function answerCommand(): Command {
  return new Command()
    .argument('<question>', 'question id, or its beginning')
    .argument('[options...]', 'number or label of the option; several for a multi-select')
    .option('--text <text>', 'free text, where the question takes it')
    .option('--dismiss', 'what Esc does in the dialog')
    .option('--json', 'the verdict as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  clawtab answer q3 1\n  clawtab answer q3 "Yes"\n  clawtab answer q4 --text "fix the total"\n\nExit code 0: the agent took it. 1: typed, but not seen to work. 6: not typed, the question is not the same any more.',
    )
    .action(async (qid: string, picks: string[], options: Options) => {
      const verdict = await withDaemon(async (daemon) => {
        const question = find((await daemon.call('state.get', {})).questions, qid);
        return daemon.call('questions.answer', {
          answerId: randomId(),
          run: question.run,
          qid: question.qid,
          rev: question.rev,
          digest: question.digest,
          choice: choose(question, picks, options),
          ttlS: 60,
        });
      });
      if (options.json === true) json(verdict);
      else say(visible(verdict.message));
      process.exitCode = exitOf(verdict);
    });
}

function exitOf({ verdict }: Verdict): number {
  if (verdict === 'confirmed' || verdict === 'typed') return EXIT.ok;
  return verdict === 'typed_unconfirmed' || verdict === 'unknown' ? EXIT.failed : verdict === 'bad_choice' ? EXIT.usage : EXIT.conflict;
}

/** Throws `question_gone`, or `usage` where the id could mean several. */
function find(questions: readonly Question[], qid: string): Question {
  const open = questions.filter((question) => question.state.state === 'open');
  const exact = questions.find((question) => question.qid === qid);
  const begins = open.filter((question) => question.qid.startsWith(qid));
  if (exact) return exact;
  if (begins.length > 1)
    throw new ClawError('usage', `“${qid}” could be ${begins.map((question) => question.qid).join(' or ')}.`, {
      hint: 'Give more of the id.',
    });
  if (!begins[0]) throw new ClawError('question_gone', `There is no open question “${qid}”.`, { hint: 'See them with: clawtab questions' });
  return begins[0];
}

function choose(question: Question, picks: readonly string[], { text, dismiss }: Options): Choice {
  if (dismiss === true) return { type: 'dismiss' };
  const indexes = picks.map((pick) => indexOf(question, pick));
  const more = text === undefined ? {} : { text };
  if (question.question.kind === 'multiselect' && (indexes.length > 0 || text !== undefined))
    return { type: 'options', picks: indexes.map((index) => ({ index, labelDigest: question.labelDigests[index]! })), ...more };
  if (indexes.length > 1) throw new ClawError('usage', 'This question takes one option.');
  if (indexes[0] !== undefined) return { type: 'option', index: indexes[0], labelDigest: question.labelDigests[indexes[0]]!, ...more };
  if (text !== undefined) {
    const own = question.question.freeText?.option;
    return own == null ? { type: 'text', text } : { type: 'option', index: own, labelDigest: question.labelDigests[own]!, text };
  }
  throw new ClawError('usage', 'Say what the answer is: an option, --text or --dismiss.', {
    hint: question.question.options.map((option, i) => `${i + 1}. ${option.label}`).join('   ') || '--text "…"',
  });
}

function indexOf(question: Question, pick: string): number {
  const labels = question.question.options.map((option) => option.label);
  const number = /^\d+$/.test(pick) ? Number(pick) - 1 : -1;
  if (labels[number] !== undefined) return number;
  const exact = labels.indexOf(pick);
  if (exact >= 0) return exact;
  // “yes” is “Yes” before it is the beginning of “Yes, and don't ask again”.
  const said = pick.toLowerCase();
  const same = labels.flatMap((label, i) => (label.toLowerCase() === said ? [i] : []));
  if (same.length === 1) return same[0]!;
  const begins = labels.flatMap((label, i) => (label.toLowerCase().startsWith(said) ? [i] : []));
  if (begins.length === 1) return begins[0]!;
  throw new ClawError('usage', begins.length > 1 ? `“${pick}” could be several options.` : `There is no option “${pick}”.`, {
    hint: labels.map((label, i) => `${i + 1}. ${label}`).join('   ') || 'This question has no options; use --text.',
  });
}
