/** Carries out the stages of a Dockerfile in empty roots, with Docker's meaning of each step. */
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import type { ImageStep, Stage } from './dockerfile.ts';
import { copyRoot, filesBelow, type Machine, type Where } from './root.ts';

export interface Built {
  where: Where;
  stage: Stage;
}

export interface BuildOptions {
  context: string;
  machine: Machine;
  /** Folder for the stages' roots. */
  work: string;
  /** Environment of this machine's package manager that an image built elsewhere would not need. */
  hostEnv: Record<string, string>;
  log(line: string): void;
}

const IMAGE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The last stage, built; earlier ones lie beside it. */
export function buildImage(stages: readonly Stage[], options: BuildOptions): Built {
  const done: Built[] = [];
  for (const [i, stage] of stages.entries()) {
    const root = join(options.work, `stage-${i}`);
    options.log(`stage ${i}${stage.name ? ` (${stage.name})` : ''} from ${stage.base}`);
    copyRoot(options.machine.base(stage.base), root);
    const where: Where = { root, cwd: '/', user: 'root', env: { PATH: IMAGE_PATH, HOME: '/root' } };
    for (const step of stage.steps) carryOut(step, where, done, options);
    done.push({ where, stage });
  }
  return done.at(-1)!;
}

function carryOut(step: ImageStep, where: Where, done: readonly Built[], options: BuildOptions): void {
  switch (step.do) {
    case 'workdir':
      where.cwd = posix.resolve(where.cwd, step.path);
      mkdirSync(join(where.root, where.cwd), { recursive: true });
      return;
    case 'env':
      Object.assign(where.env, step.values);
      return;
    case 'user':
      where.user = step.name;
      return;
    case 'run':
      options.log(`  RUN ${step.command}`);
      options.machine.run({ ...where, env: { ...where.env, ...options.hostEnv } }, ['/bin/sh', '-c', step.command]);
      return;
    case 'copy':
      return copy(step, where, done, options);
  }
}

function copy(step: Extract<ImageStep, { do: 'copy' }>, where: Where, done: readonly Built[], options: BuildOptions): void {
  const stage = step.from === undefined ? undefined : done.find((d) => d.stage.name === step.from);
  if (step.from !== undefined && !stage) throw new Error(`COPY --from=${step.from}: no such stage`);
  const source = stage ? stage.where.root : options.context;
  const target = join(where.root, posix.resolve(where.cwd, step.to));
  for (const from of step.sources) {
    const path = join(source, from);
    if (statSync(path).isDirectory()) copyFolder(path, target, stage ? undefined : ignored(options.context, from));
    else {
      const into = step.to.endsWith('/') || step.sources.length > 1 ? join(target, posix.basename(from)) : target;
      mkdirSync(dirname(into), { recursive: true });
      cpSync(path, into);
    }
  }
}

/** Which files of a context folder `.dockerignore` keeps out. */
function ignored(context: string, folder: string): (path: string) => boolean {
  const rules = (createRequire(import.meta.url)('@balena/dockerignore') as typeof import('@balena/dockerignore').default)({
    ignorecase: false,
  }).add(readFileSync(join(context, '.dockerignore'), 'utf8'));
  return (path) => rules.ignores(posix.join(folder, path));
}

function copyFolder(from: string, to: string, skip: ((path: string) => boolean) | undefined): void {
  mkdirSync(to, { recursive: true });
  if (!skip) return cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  for (const path of filesBelow(from)) {
    if (skip(path)) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path), { verbatimSymlinks: true });
  }
}
