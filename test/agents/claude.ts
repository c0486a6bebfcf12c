/**
 * Claude Code itself under `clawtab run`, asked by a scripted model on this machine and answered from the page in a real browser. What counts is the effect: the file is
 * there or not, and the endpoint has received the tool's result.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchChromium, PHONE } from '../rig/browser.ts';
import { createPlace } from '../rig/place.ts';
import { CLI, startUp } from '../rig/up.ts';
import { installAgent } from './install.ts';
import { ModelEndpoint } from './model-endpoint.ts';
import { scriptPrompt } from './script.ts';

const VERSION = '2.1.331';
const KEY = 'sk-ant-api03-dummy-key-of-a-test-0000';
/** A model's first answer and Claude's start take their time on two cores. */
const PATIENCE_MS = 60_000;

const claude = installAgent('claude', '@anthropic-ai/claude-code', VERSION, 'claude');
const place = createPlace();
const model = await ModelEndpoint.start();
const workspace = join(place.home, 'work');
mkdirSync(workspace);
// First-run onboarding cannot be done offline; this is what it leaves behind.
writeFileSync(
  join(place.home, '.claude.json'),
  JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark', customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] } }),
);
const env = {
  ...place.env,
  ANTHROPIC_BASE_URL: model.origin,
  ANTHROPIC_API_KEY: KEY,
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
};

const up = startUp(place);
const browser = await launchChromium();
let passed = 0;
let failed = 0;

function check(what: string, holds: boolean): void {
  process.stdout.write(`${holds ? '  ok  ' : 'FAILED'} claude ${claude.version}: ${what}\n`);
  if (holds) passed++;
  else failed++;
}

function startClaude(script: string): string {
  const said = execFileSync(
    process.execPath,
    [CLI, 'run', '--detach', '--name', script, '--', claude.program, '--permission-mode', 'manual', scriptPrompt(script)],
    { cwd: workspace, env, encoding: 'utf8' },
  );
  return / as (\S+)\./.exec(said)![1]!;
}

const stop = (run: string): void => void execFileSync(process.execPath, [CLI, 'jobs', 'stop', run], { env, stdio: 'ignore' });
const cardOf = (page: Page, text: RegExp) => page.getByRole('article').filter({ hasText: text });

model.play('allow', [
  { say: 'I will make a file.', calls: [{ tool: 'Bash', input: { command: 'echo made > allowed.txt', description: 'Make a file' } }] },
]);
model.play('deny', [
  {
    say: 'I will make another file.',
    calls: [{ tool: 'Bash', input: { command: 'echo made > denied.txt', description: 'Make another file' } }],
  },
]);
model.play('choose', [
  {
    calls: [
      {
        tool: 'AskUserQuestion',
        input: {
          questions: [
            {
              question: 'Which database do you want?',
              header: 'Database',
              multiSelect: false,
              options: ['PostgreSQL', 'MySQL', 'SQLite'].map((label) => ({ label, description: `Use ${label}` })),
            },
          ],
        },
      },
    ],
  },
]);

try {
  const [, link] = await up.line(/^\s*(http:\/\/localhost:\d+\/\S*#enrol=\S+)/);
  const page = await (await browser.newContext(PHONE)).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(link!);
  await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@example.org');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();

  const first = startClaude('allow');
  await cardOf(page, /trust/i).getByRole('button', { name: /^Yes/ }).click();
  check('the trust dialog is a card, and its Yes lets it start', true);
  const allow = cardOf(page, /echo made > allowed\.txt/);
  await allow.getByRole('button', { name: 'Yes', exact: true }).click();
  await model.until('the result of the allowed command', () => model.results('allow').length > 0, PATIENCE_MS);
  check(
    'Yes on the Bash card runs exactly that command',
    existsSync(join(workspace, 'allowed.txt')) && !model.results('allow').at(-1)!.isError,
  );
  stop(first);

  const second = startClaude('deny');
  const deny = cardOf(page, /echo made > denied\.txt/);
  await deny.getByRole('button', { name: 'No', exact: true }).click();
  await model
    .until('the refusal', () => model.results('deny').length > 0 || model.requests.some((r) => r.script === 'deny' && r.step > 0), 5_000)
    .catch(() => undefined);
  await deny.getByRole('button', { name: 'No', exact: true }).waitFor({ state: 'hidden' });
  check('No on the Bash card leaves the command unrun', !existsSync(join(workspace, 'denied.txt')));
  stop(second);

  const third = startClaude('choose');
  await cardOf(page, /Which database do you want\?/)
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
process.exit(failed > 0 ? 1 : 0);
