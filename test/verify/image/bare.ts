/**
 * An image's steps in a bare folder, for machines without root or debootstrap: absolute paths of a step mean the folder, the programs are this machine's. Weaker than
 * a root of its own: it shows that the steps work and that what they leave is enough for CMD, not that Debian's own files are.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine, Where } from './root.ts';

const isRoot = process.getuid?.() === 0;
/** Debian's `nobody`. */
const NOBODY = 65_534;
/** Folders of the machine itself; everything else absolute is the image's. */
const MACHINE = /^\/(?:bin|usr|lib|dev|proc|etc)(?:\/|$)/;

const within = (root: string, path: string): string => (MACHINE.test(path) ? path : join(root, path));
const script = (root: string, text: string): string =>
  text.replaceAll(/(^|[\s=;&|])(\/[\w./-]*)/g, (_, before: string, path: string) => before + within(root, path));
/** The image's user has another number here; who is not root owns everything already. */
const CHOWN = isRoot ? `chown() { shift; command chown -R ${NOBODY}:${NOBODY} "$@"; }; ` : 'chown() { :; }; ';

function options(where: Where): { cwd: string; env: Record<string, string>; uid?: number; gid?: number } {
  const env = Object.fromEntries(
    Object.entries(where.env).map(([k, v]) => [k, k !== 'PATH' && v.startsWith('/') ? within(where.root, v) : v]),
  );
  const as = isRoot && where.user !== 'root' ? { uid: NOBODY, gid: NOBODY } : {};
  return { cwd: join(where.root, where.cwd), env: { ...env, PATH: process.env['PATH'] ?? '' }, ...as };
}

const command = (where: Where, argv: readonly string[]): [string, string[]] => {
  const [program, ...rest] = argv;
  if (program === '/bin/sh' && rest[0] === '-c') return [program, ['-c', CHOWN + script(where.root, rest[1]!)]];
  return [program!, rest];
};

/** `folder`: gets the empty root that each stage begins with. */
export function bareMachine(folder: string): Machine {
  const root = join(folder, 'bare');
  for (const path of ['tmp', 'root', 'home/node']) mkdirSync(join(root, path), { recursive: true });
  chmodSync(folder, 0o755); // the user that CMD runs as must get in
  chmodSync(join(root, 'tmp'), 0o1777);
  return {
    name: 'a bare folder, this machine’s programs',
    base: () => root,
    run: (where, argv) => void execFileSync(...command(where, argv), { ...options(where), stdio: ['ignore', 'inherit', 'inherit'] }),
    start: (where, argv): ChildProcess => spawn(...command(where, argv), { ...options(where), stdio: ['ignore', 'pipe', 'inherit'] }),
    innerPid: ({ pid }) => pid!,
  };
}
