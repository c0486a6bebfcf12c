/**
 * Where an image's steps are carried out: an empty Debian made by debootstrap, with this machine's Node in the place where `node:20-bookworm-slim` has it, entered
 * with namespaces of its own, so that CMD is process 1 as under Docker. Needs root; bare.ts does without.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface Where {
  root: string;
  cwd: string;
  user: string;
  env: Record<string, string>;
}

export interface Machine {
  /** For the report: what stands in for the base image. */
  readonly name: string;
  /** A root that a stage begins with, to be copied. */
  base(image: string): string;
  /** Throws where the command fails. */
  run(where: Where, argv: readonly string[]): void;
  start(where: Where, argv: readonly string[]): ChildProcess;
  /** The process that `argv` of `start` became, seen from outside. */
  innerPid(child: ChildProcess): number;
}

const quiet: { stdio: ('ignore' | 'inherit')[] } = { stdio: ['ignore', 'ignore', 'inherit'] };

/** The folder of `npm` that belongs to the running Node. */
function npmFolder(): string {
  const candidates = [resolve(dirname(process.execPath), '../lib/node_modules/npm'), '/usr/lib/node_modules/npm', '/usr/share/nodejs/npm'];
  const found = candidates.find((c) => existsSync(join(c, 'bin/npm-cli.js')));
  if (!found) throw new Error('npm’s own folder was not found beside Node');
  return found;
}

/** Made once and kept under `cache`; later checks copy it. */
function debian(cache: string): string {
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
  rmSync(join(root, 'var/cache/apt/archives'), { recursive: true, force: true });
  rmSync(join(root, 'var/lib/apt/lists'), { recursive: true, force: true });
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

/** Processes and mounts of its own, then the root, the user, an empty environment and the folder. */
const inside = (where: Where, argv: readonly string[]): string[] => [
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  `--mount-proc=${join(where.root, 'proc')}`,
  'chroot',
  `--userspec=${where.user}`,
  where.root,
  '/usr/bin/env',
  '-i',
  '-C',
  where.cwd,
  ...Object.entries(where.env).map(([k, v]) => `${k}=${v}`),
  ...argv,
];

/** Throws, in one line, why this machine cannot: not root, no debootstrap, no namespaces, no package mirror. */
export function debianMachine(cache: string): Machine {
  if (process.getuid?.() !== 0) throw new Error('chroot needs root');
  for (const [command, ...args] of [
    ['debootstrap', '--version'],
    ['unshare', '--mount', '--pid', '--fork', 'true'],
  ])
    try {
      execFileSync(command!, args, { stdio: 'ignore' });
    } catch {
      throw new Error(`${[command, ...args].join(' ')} does not work here`);
    }
  const root = debian(cache);
  return {
    name: 'Debian bookworm by debootstrap, chroot with its own processes',
    base: () => root,
    run: (where, argv) => void execFileSync('unshare', inside(where, argv), { stdio: ['ignore', 'inherit', 'inherit'] }),
    start: (where, argv) => spawn('unshare', inside(where, argv), { stdio: ['ignore', 'pipe', 'inherit'] }),
    innerPid: ({ pid }) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]),
  };
}

export function copyRoot(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', '--reflink=auto', from, to], quiet);
}

/** Every file below `folder`, as paths relative to it. */
export function* filesBelow(folder: string, prefix = ''): Generator<string> {
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    if (entry.isDirectory()) yield* filesBelow(folder, path);
    else yield path;
  }
}
