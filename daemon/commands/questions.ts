/** `clawtab questions [--watch] [--json]`. */
import { Command } from 'commander';
import { asClawError } from '../../shared/errors.ts';
import type { ProtocolEvent, Question } from '../../shared/protocol.ts';
import { withDaemon } from './connect.ts';
import { age, bold, dim, json, say, visible } from './print.ts';

/** A daemon that went away is looked for again after this. */
const BACK_MS = 500;

export function questionsCommand(): Command {
  return new Command()
    .option('--watch', 'keep going: print each question as it comes, and what becomes of it')
    .option('--json', 'as JSON (with --watch: one object a line)')
    .addHelpText('after', '\nExamples:\n  clawtab questions\n  clawtab questions --watch\n  clawtab answer q1 1')
    .action(async (options: { watch?: boolean; json?: boolean }) => {
      if (options.watch === true) return watch(options.json === true);
      const questions = await withDaemon((daemon) => daemon.call('state.get', {}).then((state) => state.questions.filter(isOpen)));
      if (options.json === true) return json(questions);
      if (questions.length === 0) return say('Nothing is being asked.');
      for (const question of questions) show(question);
    });
}

const isOpen = (question: Question): boolean => question.state.state === 'open' && question.question.kind !== 'idle';

async function watch(asJson: boolean): Promise<void> {
  let seen = new Map<string, string>();
  const tell = (question: Question): void => {
    const now = JSON.stringify([question.rev, question.state]);
    if (question.question.kind === 'idle' || seen.get(question.qid) === now) return;
    seen = new Map([...seen, [question.qid, now] as const].slice(-500));
    if (asJson) say(JSON.stringify(question));
    else if (question.state.state === 'open') show(question);
    else say(dim(`${question.qid}  ${became(question)}`));
  };
  /** Until the daemon goes away. What was told before and has changed meanwhile is told as well. */
  const session = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const onEvent = (event: ProtocolEvent): void => {
        if (event.event === 'question') tell(event.data);
      };
      withDaemon(
        async (daemon) => {
          const { questions } = await daemon.call('state.get', {});
          for (const question of questions.filter((one) => isOpen(one) || seen.has(one.qid)).reverse()) tell(question);
          await new Promise(() => undefined);
        },
        { onEvent, onClose: resolve },
      ).catch(reject);
    });
  await session();
  for (;;) {
    process.stderr.write(dim('clawtab: the daemon went away; what it asks is told when it is back\n', process.stderr));
    for (let away = true; away; ) {
      await new Promise((resolve) => setTimeout(resolve, BACK_MS));
      away = await session().then(
        () => false,
        (error: unknown) => {
          if (asClawError(error).code !== 'not_running') throw error;
          return true;
        },
      );
    }
  }
}

function became({ state }: Question): string {
  if (state.state === 'answered')
    return `answered by ${visible(state.by)}${state.what === undefined ? '' : `: ${visible(state.what)}`} (${state.verdict})`;
  return state.state === 'closed' ? `closed: ${state.reason.replaceAll('_', ' ')}` : 'open';
}

function show(question: Question): void {
  const { question: asked } = question;
  say(`${bold(question.qid)}  ${visible(question.runName)} · ${question.agentTitle} · ${age(Date.now() - question.openedAt)}`);
  if (asked.title !== '') say(`  ${visible(asked.title)}`);
  for (const line of asked.detail === '' ? [] : asked.detail.split('\n')) say(`    ${visible(line)}`);
  say(`  ${visible(asked.text)}`);
  asked.options.forEach((option, i) => {
    say(
      `  ${option.default === true ? '›' : ' '} ${i + 1}. ${visible(option.label)}${option.dangerous === true ? dim('  (widens rights)') : ''}`,
    );
  });
  const ways = [
    ...(asked.options.length > 0 ? [`clawtab answer ${question.qid} N`] : []),
    ...(asked.freeText === undefined ? [] : [`clawtab answer ${question.qid} --text "…"`]),
  ];
  say(dim(`  ${ways.join('  ·  ')}`));
  say('');
}
