/** `clawtab questions [--watch] [--json]`. */
import { Command } from 'commander';
import type { ProtocolEvent, Question } from '../../shared/protocol.ts';
import { withDaemon } from './connect.ts';
import { age, bold, dim, json, say, visible } from './print.ts';

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
  await new Promise<void>((resolve, reject) => {
    const events = {
      onEvent: (event: ProtocolEvent) => {
        if (event.event === 'question') tell(event.data);
      },
      onClose: resolve,
    };
    withDaemon(async (daemon) => {
      for (const question of (await daemon.call('state.get', {})).questions.filter(isOpen).reverse()) tell(question);
      await new Promise(() => undefined);
    }, events).catch(reject);
  });
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
