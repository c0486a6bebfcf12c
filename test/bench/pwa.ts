/**
 * The page's figures, in a real Chromium before a real `clawtab up`: what a first visit loads, how soon it can be used on a throttled phone,
 * how soon a question is a card and a tap is typed, what a flood of output costs. Exits 1 where a gate is missed. `--json` prints JSON only.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { EMAIL, type Home, home, linkOf, signedUp, workerReady } from '../e2e/page-rig.ts';
import { launchChromium, PHONE } from '../rig/browser.ts';
import { createPlace } from '../rig/place.ts';

const HERE = import.meta.dirname;
const DIST = resolve(HERE, '../../dist/pwa');
const ROUNDS = 20;
const json = process.argv.includes('--json');

interface Figure {
  name: string;
  value: number;
  unit: string;
  gate: number;
}
const figures: Figure[] = [];
function figure(name: string, value: number, unit: string, gate: number): void {
  figures.push({ name, value, unit, gate });
  if (!json) process.stdout.write(`${value <= gate ? 'ok  ' : 'MISS'} ${name.padEnd(58)} ${value.toFixed(1)} ${unit} (≤ ${gate})\n`);
}
const percentile = (values: readonly number[], p: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))] ?? Number.NaN;

/** Entry and everything it imports before it runs, as the built page names them. */
function initialScriptKB(): number {
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((m) => m[1]!);
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length, 0) / 1000;
}

/** Four times slower than this machine, 1.6 Mbit/s down, 150 ms there and back. */
async function asMidRangePhone(page: Page): Promise<void> {
  const tools = await page.context().newCDPSession(page);
  await tools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await tools.send('Network.enable');
  await tools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: (1.6 * 1024 * 1024) / 8,
    uploadThroughput: (750 * 1024) / 8,
  });
}

async function starts(browser: Browser, at: Home): Promise<void> {
  const cold: number[] = [];
  for (let i = 0; i < 3; i++) {
    const context = await browser.newContext(PHONE);
    const page = await context.newPage();
    await asMidRangePhone(page);
    const started = Date.now();
    await page.goto(at.origin, { waitUntil: 'commit' });
    await page.getByRole('textbox', { name: 'E-mail' }).fill(EMAIL);
    cold.push(Date.now() - started);
    await context.close();
  }
  figure('cold start to a form that takes input, mid-range phone', percentile(cold, 0.5), 'ms', 1500);
}

async function warmStart(page: Page, at: Home): Promise<void> {
  const warm: number[] = [];
  await asMidRangePhone(page);
  for (let i = 0; i < 5; i++) {
    await page.goto('about:blank');
    const started = Date.now();
    await page.goto(at.origin, { waitUntil: 'commit' });
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();
    warm.push(Date.now() - started);
  }
  figure('warm start to the inbox, mid-range phone', percentile(warm, 0.5), 'ms', 500);
}

async function startCommand(page: Page, at: Home, line: string): Promise<void> {
  await page.goto(`${at.origin}/start`);
  await page.getByRole('button', { name: 'Command' }).click();
  await page.getByRole('textbox', { name: 'Command' }).fill(line);
  await page.getByRole('combobox', { name: 'Directory' }).fill(at.place.home);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/\/run\//);
}

async function latencies(page: Page, at: Home): Promise<void> {
  const file = join(at.place.home, 'answers.txt');
  await startCommand(page, at, `${process.execPath} ${join(HERE, 'pwa/asker.mjs')} ${ROUNDS} ${file}`);
  await page.goto(at.origin);
  const painted: number[] = [];
  const taps: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    // tsx names functions for stack traces with a helper that the page does not have.
    await page.evaluate('globalThis.__name ??= (f) => f');
    const seen = await page.evaluate(
      (wanted) =>
        new Promise<{ at: number; asked: number }>((found) => {
          const look = (): boolean => {
            for (const card of document.querySelectorAll('article.open')) {
              const match = new RegExp(`Overwrite file ${wanted}-(\\d+)`).exec(card.textContent ?? '');
              if (!match) continue;
              observer.disconnect();
              found({ at: performance.timeOrigin + performance.now(), asked: Number(match[1]) });
              return true;
            }
            return false;
          };
          const observer = new MutationObserver(look);
          observer.observe(document.body, { subtree: true, childList: true, characterData: true });
          look();
        }),
      round,
    );
    painted.push(seen.at - seen.asked);
    const card = page.getByRole('article').filter({ hasText: `Overwrite file ${round}-` });
    await card.getByRole('button').and(card.locator('.option:not([aria-disabled])')).first().waitFor();
    const place = await card.locator('.option').first().boundingBox();
    taps.push(await page.evaluate(() => Date.now()));
    await page.touchscreen.tap(place!.x + 10, place!.y + 10);
    await card
      .getByRole('status')
      .filter({ hasText: /Typed|Confirmed/ })
      .waitFor();
  }
  const typed = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((l) => Number(l.split(' ')[1]));
  figure('question painted → card on the page, p95', percentile(painted, 0.95), 'ms', 300);
  figure(
    'tap → typed at the program, p95',
    percentile(
      typed.map((t, i) => t - taps[i]!),
      0.95,
    ),
    'ms',
    150,
  );
}

async function flood(page: Page, at: Home): Promise<void> {
  await startCommand(page, at, `${process.execPath} ${join(HERE, 'pwa/flood.mjs')} 5`);
  await page.getByRole('button', { name: 'Log' }).click();
  await page.evaluate('globalThis.__name ??= (f) => f');
  const longest = page.evaluate(
    () =>
      new Promise<{ longest: number; elements: number }>((done) => {
        let worst = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) worst = Math.max(worst, entry.duration);
        }).observe({ entryTypes: ['longtask'] });
        setTimeout(() => done({ longest: worst, elements: document.getElementsByTagName('*').length }), 5500);
      }),
  );
  const { longest: worst, elements } = await longest;
  figure('longest block of the main thread at 10,000 lines/s', worst, 'ms', 50);
  figure('elements on the page during it', elements, '', 5000);
  await page.getByText(/^done \d+/).waitFor({ timeout: 60_000 });
}

const place = createPlace({ CLAWTAB_DEMO_PACE: '0' });
const at = await home(place);
const browser = await launchChromium();
try {
  figure('JavaScript of a first visit, gzip', initialScriptKB(), 'kB', 60);
  await linkOf(at);
  await starts(browser, at);
  const phone = await signedUp(browser, at);
  await workerReady(phone.page);
  await latencies(phone.page, at);
  await flood(phone.page, at);
  await warmStart(phone.page, at);
  const million = JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', '--import', 'tsx', join(HERE, 'pwa/million.ts')], { encoding: 'utf8' }),
  ) as { heapMB: number; linesPerSecond: number };
  figure('heap of a million-line log', million.heapMB, 'MB', 150);
  if (!json) process.stdout.write(`     (${Math.round(million.linesPerSecond).toLocaleString('en')} lines a second parsed)\n`);
} finally {
  await browser.close();
  await at.up.interrupt();
  place.remove();
}
if (json) process.stdout.write(`${JSON.stringify({ bench: 'pwa', figures })}\n`);
process.exit(figures.every((f) => f.value <= f.gate) ? 0 : 1);
