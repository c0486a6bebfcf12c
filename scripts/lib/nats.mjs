/** Finds a nats-server for the tests of several relays: NATS_SERVER, an installed one, else Debian's through apt (as root). */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { must, say } from './say.mjs';

const installed = () =>
  process.env['NATS_SERVER'] ??
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
    .map((dir) => join(dir, 'nats-server'))
    .find((path) => existsSync(path));

/** Absolute path, or undefined: then the tests that need it say so. */
export async function findNats() {
  const found = installed();
  if (found || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found;
  say('Installing nats-server with apt …');
  await must('apt-get update', 'apt-get', ['update', '-qq'], { quiet: true });
  await must('apt-get install nats-server', 'apt-get', ['install', '-y', '-qq', 'nats-server'], {
    quiet: true,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  return installed();
}
