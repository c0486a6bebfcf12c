/** Installs an agent's CLI from npm into a cache folder of its own; once for each version. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CACHE = resolve(import.meta.dirname, '../../.cache/agents');
/** A registry that is slow or hiccups is asked again. */
const TRIES = 3;
const TRY_MS = 150_000;

export interface Installed {
  /** Path of the program. */
  program: string;
  version: string;
}

/** Installs that version where the cache has another or none. @throws where npm fails, with what it said last */
export function installAgent(name: string, npm: { package: string; version: string; bin: string }): Installed {
  const folder = join(CACHE, name);
  const manifest = join(folder, 'node_modules', npm.package, 'package.json');
  const present = (): string | null => (existsSync(manifest) ? String(JSON.parse(readFileSync(manifest, 'utf8')).version) : null);
  let said = '';
  for (let nth = 1; nth <= TRIES && present() !== npm.version; nth++) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const { stderr, error, status } = spawnSync(
      'npm',
      ['install', '--no-save', '--no-audit', '--no-fund', `${npm.package}@${npm.version}`],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: TRY_MS },
    );
    said = status === 0 ? 'npm installed another version' : error ? String(error) : (stderr.trim().split('\n').slice(0, 3).join(' ') ?? '');
  }
  if (present() !== npm.version) throw new Error(`${npm.package}@${npm.version} CANNOT BE INSTALLED, tried ${TRIES} times: ${said}`);
  return { program: join(folder, 'node_modules/.bin', npm.bin), version: npm.version };
}
