/** Installs an agent's CLI from npm into a cache folder of its own; once for each version. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CACHE = resolve(import.meta.dirname, '../../.cache/agents');

export interface Installed {
  /** Path of the program. */
  program: string;
  version: string;
}

/** Installs that version where the cache has another or none. @throws where npm fails */
export function installAgent(name: string, npm: { package: string; version: string; bin: string }): Installed {
  const folder = join(CACHE, name);
  const manifest = join(folder, 'node_modules', npm.package, 'package.json');
  const present = (): string | null => (existsSync(manifest) ? String(JSON.parse(readFileSync(manifest, 'utf8')).version) : null);
  if (present() !== npm.version) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', `${npm.package}@${npm.version}`], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return { program: join(folder, 'node_modules/.bin', npm.bin), version: present() ?? 'unknown' };
}
