/** Builds what is stale: `dist/` carries a hash of the sources that it was made from. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, must, root, say } from './say.mjs';

const SERVER = ['shared', 'relay', 'daemon', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const PAGE = ['shared', 'pwa', 'public', 'vite.config.ts', 'package-lock.json'];

function hashOf(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    const entries = readdirSyncOrNull(full);
    if (entries === null) hash.update(path).update(readFileSync(full));
    else for (const name of entries.sort()) if (name !== 'recordings' && !name.endsWith('.test.ts')) add(join(path, name));
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

function readdirSyncOrNull(path) {
  try {
    return readdirSync(path);
  } catch {
    return null; // a file
  }
}

async function part(name, sources, build) {
  const stamp = join(root, 'dist', `.${name}-made-from`);
  const hash = hashOf(sources);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  say(`Building the ${name} …`);
  // What a build that fails half way leaves is nobody's.
  rmSync(stamp, { force: true });
  await build();
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, hash);
}

/** Says what is missing where `npm ci` was not run. */
export async function buildStale() {
  if (!existsSync(join(root, 'node_modules/typescript'))) fail('the packages are not installed', 'npm ci');
  await part('server', SERVER, async () => {
    for (const room of ['shared', 'relay', 'daemon']) rmSync(join(root, 'dist', room), { recursive: true, force: true });
    await must('the server build', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  });
  await part('page', PAGE, () =>
    must('the page build', process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn']),
  );
}
