/** Every main screen, in each size and theme, from a real relay, daemon and demo agent: what `npm run screenshots` writes to docs/screens/. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { pretendSubscription } from './e2e/page-rig.ts';
import { launchChromium } from './rig/browser.ts';
import { createPlace } from './rig/place.ts';
import { startUp } from './rig/up.ts';

const SIZES = {
  '360x740': [360, 740],
  '390x844': [390, 844],
  '820x1180': [820, 1180],
  '1280x800': [1280, 800],
  '1440x900': [1440, 900],
} as const;
const THEMES = ['light', 'dark'] as const;
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
  process.stdout.write(`${written} screens written to docs/screens/\n`);
} finally {
  await browser.close();
  await up.interrupt();
  place.remove();
}
