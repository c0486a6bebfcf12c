/** A question being answered, filmed: real relay, daemon and demo agent before a real browser. Written to docs/recording.gif by `npm run film`. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { home, signedUp } from './e2e/page-rig.ts';
import { launchChromium, PHONE } from './rig/browser.ts';
import { Film } from './rig/film.ts';
import { createPlace } from './rig/place.ts';

const file = resolve(import.meta.dirname, '../docs/recording.gif');
const LIMIT_BYTES = 2_000_000;
/** Long enough to read. */
const LOOK_MS = 1400;

async function tap(page: Page, film: Film, what: Locator): Promise<void> {
  await what.scrollIntoViewIfNeeded();
  await what.click({ trial: true });
  const box = (await what.boundingBox())!;
  const [x, y] = [box.x + box.width * 0.6, box.y + box.height / 2];
  await film.touch(x, y, 450);
  await page.touchscreen.tap(x, y);
}

const place = createPlace({ CLAWTAB_DEMO_PACE: '60' });
const at = await home(place);
const browser = await launchChromium();
try {
  const { page } = await signedUp(browser, at, {
    ...PHONE,
    viewport: { width: 390, height: 760 },
    deviceScaleFactor: 1,
    colorScheme: 'light',
  });
  const film = new Film(page);
  film.start();
  await page.waitForTimeout(600);
  await tap(page, film, page.getByRole('button', { name: 'Try it' }));
  const first = page.getByRole('article').filter({ hasText: 'Do you want to proceed?' });
  await first.waitFor();
  await page.waitForTimeout(LOOK_MS);
  await tap(page, film, first.getByRole('button', { name: 'Yes', exact: true }));
  const second = page.getByRole('article').filter({ hasText: 'What should the commit message be?' });
  const field = second.getByRole('textbox');
  await field.waitFor();
  await page.waitForTimeout(LOOK_MS);
  await tap(page, film, field);
  await field.pressSequentially('fix: apply the discount once', { delay: 25 });
  await tap(page, film, second.getByRole('button', { name: 'Send' }));
  await second.getByText('Confirmed').waitFor();
  await page.waitForTimeout(LOOK_MS);
  const gif = await film.gif(LOOK_MS, 2500);
  if (gif.length > LIMIT_BYTES) throw new Error(`the recording has ${gif.length} bytes; a README should not load more than ${LIMIT_BYTES}`);
  writeFileSync(file, gif);
  process.stdout.write(`docs/recording.gif: ${Math.round(gif.length / 1000)} kB\n`);
} finally {
  await browser.close();
  await at.up.interrupt();
  place.remove();
}
