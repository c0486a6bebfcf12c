/**
 * The demo agent: a small scripted terminal program that says what it is, prints some work, asks, waits, goes on. So that the whole loop can be seen
 * without any agent installed. It reads its own keys and changes nothing on the machine.
 */
import { type Menu, menu, type TextField, textField } from './prompts.ts';

const out = (text: string): void => {
  process.stdout.write(text);
};
const dim = (text: string): string => `\x1b[2m${text}\x1b[0m`;
const bold = (text: string): string => `\x1b[1m${text}\x1b[0m`;
const green = (text: string): string => `\x1b[32m${text}\x1b[0m`;

/** Milliseconds between two lines of work; `CLAWTAB_DEMO_PACE=0` for tests. */
const paceMs = Number(process.env.CLAWTAB_DEMO_PACE ?? 350);
const pause = (times = 1): Promise<void> => new Promise((resolve) => setTimeout(resolve, paceMs * times));

async function work(lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    out(`${dim('·')} ${line}\n`);
    await pause();
  }
}

const PERMISSION: Menu = {
  title: 'Bash command',
  detail: ['npm test -- --run src/cart.test.ts', 'Run the tests of the shopping cart'],
  ask: 'Do you want to proceed?',
  options: ['Yes', "Yes, and don't ask again for npm test in this demo", 'No, and tell the demo what to do instead'],
};

const MESSAGE: TextField = { ask: 'What should the commit message be?' };

async function main(): Promise<number> {
  out(`\n${bold('ClawTab demo agent')}\n`);
  out('This is a scripted demo, not an AI. It runs nothing and changes nothing on this machine.\n');
  out('It will ask two questions: answer them from your phone, or right here.\n\n');
  await work([
    'Reading src/cart.ts',
    'Reading src/cart.test.ts',
    'Found it: the discount is applied twice when the cart is reloaded',
    'Editing src/cart.ts (pretending)',
  ]);
  out('\n');
  const proceed = await menu(PERMISSION);
  if (proceed === null || proceed === 2) {
    out(`\n${dim('·')} All right, the tests are not run.\n`);
  } else {
    out('\n');
    await work(['npm test -- --run src/cart.test.ts (pretending)', '12 tests passed in 0.84 s (pretending)']);
  }
  out('\n');
  const message = await textField(MESSAGE);
  if (message === null) out(`\n${dim('·')} No commit then.\n`);
  else {
    out('\n');
    await work([`git commit -m ${JSON.stringify(message)} (pretending)`]);
  }
  out(`\n${green('✔')} Done. That was the whole loop: a question here, an answer from anywhere.\n`);
  return 0;
}

if (!process.stdin.isTTY) {
  process.stderr.write('clawtab demo agent: it needs a terminal (try: clawtab demo)\n');
  process.exitCode = 2;
} else {
  process.stdin.setRawMode(true);
  process.exitCode = await main();
  process.stdin.setRawMode(false);
  process.stdin.pause();
}
