/**
 * Every screen and every kind of card, in each size and theme, from a real relay and daemon; questions are the demo agent's, and real agents' as they were
 * recorded: what `npm run screenshots` writes to docs/screens/.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { openState } from '../daemon/state.ts';
import { Listener } from '../daemon/test-daemon.ts';
import { pretendSubscription } from './e2e/page-rig.ts';
import { launchChromium } from './rig/browser.ts';
import { createPlace } from './rig/place.ts';
import { playAgent } from './rig/played-agent.ts';
import { startUp } from './rig/up.ts';

const SIZES = {
  '360x740': [360, 740],
  '390x844': [390, 844],
  '820x1180': [820, 1180],
  '1440x900': [1440, 900],
} as const;
const THEMES = ['light', 'dark'] as const;
/** Cards of real agents: screen, agent, recording, which of its questions. */
const CARDS: readonly (readonly [screen: string, agent: string, recording: string, name: string, n?: number])[] = [
  ['card-diff', 'claude', 'edit--own@100x30', 'fix the cart'],
  ['card-command', 'claude', 'longcmd--own@48x40', 'rename foo'],
  ['card-plan', 'claude', 'plan--own@100x30', 'plan the move'],
  ['card-several', 'claude', 'multi--own@100x30', 'choose features'],
  ['card-tabs', 'claude', 'tabs--own@100x30', 'new service'],
  ['card-trust', 'codex', 'trust--1@56x28', 'first time here'],
];
const folder = resolve(import.meta.dirname, '../docs/screens');

const place = createPlace();
const up = startUp(place);
const browser = await launchChromium();
let written = 0;

async function everyLook(page: Page, name: string): Promise<void> {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // A resized page is painted in parts: the bar at the bottom may come a frame later.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
      written++;
    }
  }
}

try {
  mkdirSync(folder, { recursive: true });
  const [, link] = await up.line(/^\s*(http:\/\/localhost:\d+\/\S*#enrol=\S+)/);
  const origin = new URL(link!).origin;
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, permissions: ['notifications'] });
  await pretendSubscription(context);
  const page = await context.newPage();
  await page.goto(link!);
  await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@example.org');
  await page.getByText('A phrase made on this device').waitFor();
  await everyLook(page, 'welcome');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('button', { name: 'Try it' }).waitFor();
  await everyLook(page, 'inbox-empty');
  await page.getByRole('button', { name: 'Try it' }).click();
  await page.getByRole('article').filter({ hasText: 'Do you want to proceed?' }).waitFor();
  await everyLook(page, 'inbox');
  await page.getByRole('link', { name: 'View run' }).click();
  await page.getByText('scripted demo', { exact: false }).first().waitFor();
  await everyLook(page, 'run');
  for (const screen of ['jobs', 'start', 'devices', 'settings']) {
    await page.goto(`${origin}/${screen}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    if (screen === 'settings') {
      await page.getByRole('button', { name: 'Notify me' }).click();
      await page.getByRole('button', { name: /^Test / }).waitFor();
      await page.evaluate(() => scrollTo(0, 0));
    }
    await everyLook(page, screen);
  }
  const desk = await Listener.connect({ socket: openState(place.env).daemonSocket });
  await desk.client.call('jobs.save', {
    job: {
      name: 'deps',
      type: 'agent',
      agent: 'claude',
      prompt: 'Update the dependencies of {{package}} and run the tests.',
      parameters: [{ name: 'package', default: 'web' }],
      schedule: { cron: '0 3 * * 1-5', overlap: 'skip', catchUp: 'once' },
      cwd: place.home,
      timeoutS: 3600,
      description: 'Every night, before anyone is up',
    },
  });
  await desk.client.call('policies.add', {
    policy: { effect: 'allow', agent: 'claude', tool: 'Bash', command: ['npm', 'test'], directory: place.home },
  });
  await desk.client.call('policies.add', { policy: { effect: 'deny', command: ['git', 'push'] } });
  const {
    runs,
    machine: { id: machine },
  } = await desk.client.call('state.get', {});
  const demo = runs[0]!.run;
  await page.goto(origin);
  await page.getByRole('button', { name: 'Yes', exact: true }).click();
  await page.getByText('Confirmed').first().waitFor();
  await everyLook(page, 'answered');
  await desk.client.call('runs.stop', { run: demo, hard: true });
  await desk.ended(demo);
  for (const [screen, agent, recording, name, n] of CARDS) {
    const end = await playAgent(place, desk, agent, recording, name, n);
    await page.goto(origin);
    await page.getByRole('article').filter({ hasText: name }).waitFor();
    await everyLook(page, screen);
    await end();
  }
  for (const [screen, path, ready] of [
    ['run-ended', `/run/${machine}/${demo}`, 'scripted demo'],
    ['job-editor', `/jobs/${machine}/deps`, 'Next:'],
    ['rule', `/machine/${machine}/rule`, 'New rule'],
    ['machine', `/machine/${machine}`, 'git push'],
  ] as const) {
    await page.goto(`${origin}${path}`);
    await page.getByText(ready).first().waitFor();
    await everyLook(page, screen);
  }
  desk.client.close();
  process.stdout.write(`${written} screens written to docs/screens/\n`);
} finally {
  await browser.close();
  await up.interrupt();
  place.remove();
}
