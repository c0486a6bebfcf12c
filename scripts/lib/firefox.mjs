/** Finds a Firefox for the test of its push path, or installs Debian's through apt (as root). Null where there is none to be had: the test then says so. */
import { existsSync } from 'node:fs';
import { run, say } from './say.mjs';

const NAMES = ['/usr/bin/firefox', '/usr/bin/firefox-esr', '/snap/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'];
const installed = () => process.env['CLAWTAB_FIREFOX'] || NAMES.find((path) => existsSync(path));

export async function findFirefox() {
  const found = installed();
  if (found || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found ?? null;
  say('Installing Firefox with apt …');
  await run('apt-get', ['update', '-qq'], { quiet: true });
  await run('apt-get', ['install', '-y', '-qq', 'firefox-esr'], { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  return installed() ?? null;
}
