/**
 * A real agent CLI under `clawtab run`, asked by a scripted model on this machine and answered from the page in a real browser: what the live
 * tests of several agents share. What counts is the effect: a file is there or not, and the endpoint has received the answer.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchChromium, PHONE } from '../rig/browser.ts';
import { createPlace } from '../rig/place.ts';
import { CLI, startUp } from '../rig/up.ts';
import type { Installed } from './install.ts';
import { ModelEndpoint } from './model-endpoint.ts';
import { scriptPrompt, type ToolCall } from './script.ts';

/** Agents start slowly on two cores; opencode's screen stays blank for up to 40 s. */
const PATIENCE_MS = 120_000;

export interface LiveAgent {
  name: string;
  installed: Installed;
  /** Writes what the agent needs in its home and says how it reaches the model: variables and arguments before the prompt. */
  prepare(home: string, workspace: string, origin: string): { env: Record<string, string>; args: string[] };
  /** The argument(s) that carry the first prompt. */
  prompt(text: string): string[];
  shell(command: string): ToolCall;
  ask(question: string, labels: readonly string[]): ToolCall;
  /** Names of the buttons as the agent shows them. */
  allow: RegExp;
  refuse: RegExp;
}

export async function runLive(agent: LiveAgent): Promise<number> {
  const place = createPlace();
  const model = await ModelEndpoint.start();
  const workspace = join(place.home, 'work');
  mkdirSync(workspace);
  const { env: own, args } = agent.prepare(place.home, workspace, model.origin);
  const env = { ...place.env, ...own };
  model.play('allow', [{ say: 'I will make a file.', calls: [agent.shell('touch allowed.txt')] }]);
  model.play('refuse', [{ say: 'I will make another file.', calls: [agent.shell('touch refused.txt')] }]);
  model.play('choose', [{ say: 'One decision.', calls: [agent.ask('Which database do you want?', ['PostgreSQL', 'MySQL', 'SQLite'])] }]);

  let passed = 0;
  let failed = 0;
  const check = (what: string, holds: boolean): void => {
    process.stdout.write(`${holds ? '  ok  ' : 'FAILED'} ${agent.name} ${agent.installed.version}: ${what}\n`);
    if (holds) passed++;
    else failed++;
  };
  const start = (script: string): string => {
    const words = [CLI, 'run', '--detach', '--name', script, '--', agent.installed.program, ...args, ...agent.prompt(scriptPrompt(script))];
    const said = execFileSync(process.execPath, words, { cwd: workspace, env, encoding: 'utf8' });
    return / as (\S+)\./.exec(said)![1]!;
  };
  const stop = (run: string): void => void execFileSync(process.execPath, [CLI, 'jobs', 'stop', run], { env, stdio: 'ignore' });
  const card = (page: Page, text: RegExp) => page.getByRole('article').filter({ hasText: text });

  const up = startUp(place);
  const browser = await launchChromium();
  try {
    const [, link] = await up.line(/^\s*(http:\/\/localhost:\d+\/\S*#enrol=\S+)/);
    const page = await (await browser.newContext(PHONE)).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(link!);
    await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@example.org');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();

    const first = start('allow');
    await card(page, /touch allowed\.txt/)
      .getByRole('button', { name: agent.allow })
      .click();
    await model.until('the result of the allowed command', () => model.results('allow').length > 0, PATIENCE_MS);
    check('allowing once runs exactly that command', existsSync(join(workspace, 'allowed.txt')) && !model.results('allow').at(-1)!.isError);
    stop(first);

    const second = start('refuse');
    const refuse = card(page, /touch refused\.txt/).getByRole('button', { name: agent.refuse });
    await refuse.click();
    await refuse.waitFor({ state: 'hidden' });
    check('refusing leaves the command unrun', !existsSync(join(workspace, 'refused.txt')));
    stop(second);

    const third = start('choose');
    await card(page, /Which database do you want\?/)
      .getByRole('button', { name: /^MySQL/ })
      .click();
    await model.until('the chosen option', () => model.results('choose').length > 0, PATIENCE_MS);
    check('the second option of a question reaches the model as that option', /MySQL/.test(model.results('choose').at(-1)!.content));
    stop(third);
  } catch (error) {
    check(String(error).split('\n').slice(0, 3).join(' '), false);
  } finally {
    await browser.close();
    await up.interrupt();
    await model.stop();
    place.remove();
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
}
