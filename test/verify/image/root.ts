/**
 * An empty root to carry an image's steps out in: Debian by debootstrap for `node:20-bookworm-slim`, with this machine's Node in the place where that image has
 * it. Needs root and debootstrap; says so where they are missing.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const quiet: { stdio: ('ignore' | 'inherit')[] } = { stdio: ['ignore', 'ignore', 'inherit'] };

/** The folder of `npm` that belongs to the running Node. */
function npmFolder(): string {
  const candidates = [resolve(dirname(process.execPath), '../lib/node_modules/npm'), '/usr/lib/node_modules/npm', '/usr/share/nodejs/npm'];
  const found = candidates.find((c) => existsSync(join(c, 'bin/npm-cli.js')));
  if (!found) throw new Error('npm’s own folder was not found beside Node');
  return found;
}

/** Made once and kept under `cache`; later checks copy it. */
export function baseRoot(cache: string): string {
  const root = join(cache, 'bookworm-node');
  if (existsSync(join(root, 'ready'))) return root;
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  execFileSync('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', root], quiet);
  cpSync(process.execPath, join(root, 'usr/local/bin/node'), { dereference: true });
  cpSync(npmFolder(), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true, dereference: true });
  execFileSync('chroot', [root, 'ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm'], quiet);
  execFileSync('chroot', [root, 'ln', '-s', '../lib/node_modules/npm/bin/npx-cli.js', '/usr/local/bin/npx'], quiet);
  execFileSync('chroot', [root, 'useradd', '--create-home', '--uid', '1000', 'node'], quiet);
  copySharedLibraries(root);
  for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs/ca-certificates.crt'])
    if (existsSync(file)) cpSync(file, join(root, file), { dereference: true });
  execFileSync('touch', [join(root, 'ready')]);
  return root;
}

/** Node's own libraries, where this machine's build needs more than a minimal Debian has. */
function copySharedLibraries(root: string): void {
  const needed = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/=> (\/\S+)/g);
  for (const [, path] of needed) if (!existsSync(join(root, path!))) cpSync(path!, join(root, path!), { dereference: true });
}

export function copyRoot(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', '--reflink=auto', from, to], quiet);
}

export interface Where {
  root: string;
  cwd: string;
  user: string;
  env: Record<string, string>;
}

const chrootArgs = (where: Where, argv: readonly string[]): string[] => [
  `--userspec=${where.user}`,
  where.root,
  '/usr/bin/env',
  '-i',
  '-C',
  where.cwd,
  ...Object.entries(where.env).map(([k, v]) => `${k}=${v}`),
  ...argv,
];

export function runIn(where: Where, argv: readonly string[]): void {
  execFileSync('chroot', chrootArgs(where, argv), { stdio: ['ignore', 'inherit', 'inherit'] });
}

export function startIn(where: Where, argv: readonly string[]): ChildProcess {
  return spawn('chroot', chrootArgs(where, argv), { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Every file below `folder`, as paths relative to it. */
export function* filesBelow(folder: string, prefix = ''): Generator<string> {
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    if (entry.isDirectory()) yield* filesBelow(folder, path);
    else yield path;
  }
}
