/** Finds a Chromium for the browser tests: an installed one, else Debian's through apt (as root), else Playwright's own. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fail, must, say } from './say.mjs';

const NAMES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

async function playwrightOwn() {
  const { chromium } = await import('playwright-core');
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

const installed = async () => process.env['CLAWTAB_CHROMIUM'] ?? NAMES.find((path) => existsSync(path)) ?? (await playwrightOwn());

/** Absolute path of a Chromium, installed on the way if there is none. */
export async function findChromium() {
  const found = await installed();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('Installing Chromium with apt …');
    await must('apt-get update', 'apt-get', ['update', '-qq'], { quiet: true });
    await must('apt-get install chromium', 'apt-get', ['install', '-y', '-qq', 'chromium'], {
      quiet: true,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  } else {
    say('Installing Playwright’s Chromium …');
    await must('playwright install', process.execPath, ['node_modules/playwright-core/cli.js', 'install', '--with-deps', 'chromium']);
  }
  return (await installed()) ?? fail('no Chromium was found', 'install Chromium, or set CLAWTAB_CHROMIUM to its path');
}

export function versionOf(chromium) {
  return execFileSync(chromium, ['--version', '--no-sandbox'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
