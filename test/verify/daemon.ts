/**
 * npm run verify -- daemon: what must hold whatever happens to the daemon. [--only=kills,upgrades,lines,tail] [--seed=N] [--quick] [--json]
 *   kills     [--count=1000] [--lanes=2]  so many `kill -9`, and restarts besides, during output and open questions: agents lost 0, bytes lost 0, the same question again within 3 s
 *   upgrades  [--upgrades=100]  N-1 to N of the holder protocol and back, for a run begun under each
 *   lines     [--lines=10000000] [--per-second=N]  numbered lines to a phone and a desk over cuts of any link: lost 0, doubled 0, silent gaps 0
 *   tail      [--tails=100]     the last bytes of children that exit at once, the reader free, busy, stalled
 */
import { builtCli, nextCli } from '../rig/builds.ts';
import { type DaemonRounds, daemonRounds } from '../rig/daemon-rounds.ts';
import { Figures, options, percentile, spread } from '../rig/figures.ts';
import { lineRounds } from '../rig/line-rounds.ts';
import { bareTails, LOOPS, runTails, type Tails } from '../rig/tail-rounds.ts';

const wanted = options();
const only = process.argv
  .find((word) => word.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const figures = new Figures('daemon', wanted);
const none = (figure: string, count: number): void => figures.gate(figure, count, '0', count === 0);

/** A line on standard error, for whoever waits at a terminal. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K  ${text}`);
}
const every = (what: string, of: number) => (done: number) => progress(`${what} ${done} of ${of}`);

function daemons(what: string, found: DaemonRounds): void {
  none(`${what}: agents lost`, found.agentsLost);
  figures.gate(`${what}: bytes lost or doubled`, found.bytesLost, '0', found.bytesLost === 0 && found.lines > found.rounds);
  none(`${what}: same question under another id`, found.otherQid);
  none(`${what}: answers lost`, found.answersLost);
  none(`${what}: answers doubled`, found.answersDoubled);
  const late = percentile(found.reopenMs, 99);
  figures.note(`${what}: processor time of the new daemon until then`, spread(found.reopenCpuMs));
  figures.gate(`${what}: question open again after a new daemon process`, spread(found.reopenMs), 'p99 ≤ 3000 ms', late <= 3000);
}

async function kills(): Promise<void> {
  const rounds = wanted.number('count', 1000, 25);
  const lanes = wanted.number('lanes', 2, 2);
  const onRound = every('kill', rounds);
  const found = await daemonRounds({ rounds, restartsExtra: true, lanes, seed: wanted.seed, builds: () => [builtCli()], onRound });
  progress('');
  figures.note(
    'kill -9',
    `${found.kills} times on ${lanes} daemons at once, ${found.restarts} orderly restarts, ${found.lines} lines, ${found.answered} answers`,
  );
  daemons('kill -9', found);
}

/** Half of the upgrades with a run that the older daemon began, half with one that the newer one began; each upgrade is followed by its way back. */
async function upgrades(): Promise<void> {
  const count = wanted.number('upgrades', 100, 10);
  for (const [begun, builds] of [
    ['N-1', (dir: string) => [builtCli(), nextCli(dir)]],
    ['N', (dir: string) => [nextCli(dir), builtCli()]],
  ] as const) {
    const found = await daemonRounds({ rounds: count, seed: wanted.seed, builds, onRound: every(`upgrade, run of ${begun}`, count) });
    progress('');
    daemons(`${Math.ceil(count / 2)} upgrades and ${Math.floor(count / 2)} ways back, run begun under ${begun}`, found);
  }
}

async function lines(): Promise<void> {
  const count = wanted.number('lines', 10_000_000, 400_000);
  const perSecond = wanted.number('per-second', 30_000, 20_000);
  const found = await lineRounds({ lines: count, perSecond, seed: wanted.seed, onCut: (cuts) => progress(`${cuts} cuts`) });
  progress('');
  const cuts = Object.values(found.cuts).reduce((sum, n) => sum + n, 0);
  const kinds = Object.entries(found.cuts).map(([kind, n]) => `${kind} ${n}`);
  const goal = wanted.quick ? 30 : 1000;
  figures.gate(`cuts while ${count} lines were written`, `${cuts} (${kinds.join(', ')})`, `≥ ${goal}`, cuts >= goal);
  for (const { name, check, subscribed } of found.readers) {
    figures.gate(`${name}: lines read, subscribed ${subscribed} times`, check.lines, `${count}`, check.lines === count);
    none(`${name}: lines lost`, check.lost);
    none(`${name}: lines doubled`, check.doubled + check.wrong);
    none(`${name}: bytes left out in silence`, check.silent);
    if (check.askedAgain > 0) figures.note(`${name}: holes seen by offset and asked for again`, check.askedAgain);
    if (check.gaps.length > 0) figures.note(`${name}: gaps told`, check.gaps.map((g) => `${g.from}-${g.to} ${g.why}`).join(', '));
  }
}

async function tail(): Promise<void> {
  const count = wanted.number('tails', 100, 10);
  const said = (figure: string, { complete, missingBytes }: Tails): void =>
    figures.gate(
      figure,
      `${complete} of ${count}${missingBytes === 0 ? '' : `, ${missingBytes} bytes missing`}`,
      `${count}`,
      complete === count,
    );
  for (const loop of LOOPS) said(`child exits at once, reader ${loop}: runs complete`, await bareTails(loop, count, wanted.seed));
  said('whole runs: bytes logged = bytes written', await runTails(count, wanted.seed));
}

const PARTS = { kills, upgrades, lines, tail };
for (const [name, part] of Object.entries(PARTS)) if (!only || only.includes(name)) await part();
figures.end();
