/**
 * `kill -9` (and orderly restarts) of the daemon, round after round, while an agent prints numbered lines and asks: is the agent alive, is every byte
 * there, is the same question open again, and how soon. Real daemon processes, real holders, real ptys. Used by verify and, with few rounds, by npm test.
 */
import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { answerTo, Listener, makePlace, pick, spawnDaemon } from '../../daemon/test-daemon.ts';
import { randomId } from '../../shared/bytes.ts';
import type { Question } from '../../shared/protocol.ts';
import { seeded } from './random.ts';

/** Prints lines, asks a numbered menu, says what it was told, prints while it works, and so on for ever. */
const AGENT = `
const out = (t) => process.stdout.write(t);
process.stdin.setRawMode(true);
let line = 0, asked = 0;
const work = () => { for (let i = 0; i < 40; i++) out('line ' + (++line) + '\\n'); };
const ask = () => { asked++; out('\\x1b[?25l? Question number ' + asked + '\\n\\x1b[36m❯ Yes ' + asked + '\\x1b[0m\\n  No ' + asked + '\\n'); };
process.stdin.on('data', (b) => { out('\\x1b[3A\\x1b[J\\x1b[?25htold ' + asked + ' ' + JSON.stringify(String(b)) + '\\n'); let n = 0; const t = setInterval(() => { work(); if (++n === 5) { clearInterval(t); ask(); } }, 10); });
work(); ask();`;

export interface DaemonRounds {
  rounds: number;
  kills: number;
  restarts: number;
  agentsLost: number;
  /** The same question under another id: a phone's card would have gone stale. */
  otherQid: number;
  answered: number;
  answersLost: number;
  answersDoubled: number;
  bytesLost: number;
  lines: number;
  /** From the start of the new daemon process to the question open again. */
  reopenMs: number[];
  /** The processor time that the new daemon had used by then, on Linux: what a machine full of other work does not change. */
  reopenCpuMs: number[];
}

const gone = (daemon: ChildProcess): Promise<void> => new Promise((resolve) => daemon.once('exit', () => resolve()));

export interface DaemonRoundsOptions {
  rounds: number;
  seed: number;
  /** Orderly restarts come on top: `rounds` are kills alone. */
  restartsExtra?: boolean;
  /** So many daemons at once, each in a state directory of its own, with its share of the rounds and its own stream of chance. 1 where absent. */
  lanes?: number;
  /** The builds whose daemons take turns, argv of their `clawtab` each; these sources where none is given. */
  builds?(place: string): readonly (readonly string[])[];
  /** How many rounds are done, over all lanes. */
  onRound?(done: number): void;
}

export async function daemonRounds(options: DaemonRoundsOptions): Promise<DaemonRounds> {
  const lanes = Math.max(1, Math.min(options.lanes ?? 1, options.rounds));
  let done = 0;
  const onRound = (): void => options.onRound?.(++done);
  const found = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => {
      const rounds = Math.floor(options.rounds / lanes) + (lane < options.rounds % lanes ? 1 : 0);
      return oneLane({ ...options, rounds, seed: options.seed + lane, onRound });
    }),
  );
  return found.reduce((a, b) => ({
    rounds: a.rounds + b.rounds,
    kills: a.kills + b.kills,
    restarts: a.restarts + b.restarts,
    agentsLost: a.agentsLost + b.agentsLost,
    otherQid: a.otherQid + b.otherQid,
    answered: a.answered + b.answered,
    answersLost: a.answersLost + b.answersLost,
    answersDoubled: a.answersDoubled + b.answersDoubled,
    bytesLost: a.bytesLost + b.bytesLost,
    lines: a.lines + b.lines,
    reopenMs: [...a.reopenMs, ...b.reopenMs],
    reopenCpuMs: [...a.reopenCpuMs, ...b.reopenCpuMs],
  }));
}

async function oneLane(options: DaemonRoundsOptions): Promise<DaemonRounds> {
  const random = seeded(options.seed);
  const place = makePlace();
  fs.writeFileSync(`${place.dir}/agent.cjs`, AGENT);
  const builds = options.builds?.(place.dir);
  let turn = 0;
  const start = async (): Promise<{ daemon: ChildProcess; startedMs: number; desk: Listener }> => {
    const startedMs = performance.now();
    const daemon = await spawnDaemon(place, builds?.[turn++ % builds.length]);
    return { daemon, startedMs, desk: await Listener.connect(place) };
  };
  const result: DaemonRounds = {
    rounds: options.rounds,
    kills: 0,
    restarts: 0,
    agentsLost: 0,
    otherQid: 0,
    answered: 0,
    answersLost: 0,
    answersDoubled: 0,
    bytesLost: 0,
    lines: 0,
    reopenMs: [],
    reopenCpuMs: [],
  };
  let { daemon, desk } = await start();
  try {
    const argv = [process.execPath, `${place.dir}/agent.cjs`];
    const { run } = await desk.client.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd: place.dir });
    let question = await desk.question(run);
    const over = (): boolean => (options.restartsExtra ? result.kills : result.kills + result.restarts) >= options.rounds;
    while (!over()) {
      // Sometimes in the middle of the work behind an answer, sometimes while it asks.
      if (random.chance(0.5)) {
        const before = question.qid;
        const { verdict } = await desk.client.call('questions.answer', answerTo(question, pick(question, 0)));
        if (verdict === 'confirmed' || verdict === 'typed_unconfirmed') result.answered++;
        await new Promise((resolve) => setTimeout(resolve, random.below(60)));
        if (random.chance(0.5)) question = await desk.question(run, before);
      }
      const known = openQuestion(desk, run);
      // One in ten as an upgrade ends it: in order.
      const kill = !random.chance(0.1);
      if (kill) result.kills++;
      else result.restarts++;
      daemon.kill(kill ? 'SIGKILL' : 'SIGTERM');
      await gone(daemon);
      const next = await start();
      ({ daemon, desk } = next);
      const state = await desk.client.call('state.get', {});
      const again = state.questions.find((q) => q.run === run && q.state.state === 'open') ?? (await desk.question(run));
      result.reopenMs.push(performance.now() - next.startedMs);
      result.reopenCpuMs.push(...cpuMs(daemon.pid!));
      if (state.runs.find((r) => r.run === run)?.status.state === 'ended') result.agentsLost++;
      if (known && known.question.text === again.question.text && known.qid !== again.qid) result.otherQid++;
      question = again;
      options.onRound?.(result.kills + result.restarts);
    }
    count(await wholeOutput(desk, run), result);
    await desk.client.call('runs.stop', { run, hard: true });
    await desk.ended(run);
  } finally {
    const over = gone(daemon);
    daemon.kill('SIGTERM');
    await over;
    place.remove();
  }
  return result;
}

/** Clock ticks are 10 ms on every Linux that Node runs on. */
function cpuMs(pid: number): number[] {
  if (!fs.existsSync(`/proc/${pid}/stat`)) return [];
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
  return [(Number(fields[11]) + Number(fields[12])) * 10];
}

function openQuestion(desk: Listener, run: string): Question | undefined {
  const event = desk.events.findLast((e) => e.event === 'question' && e.data.run === run);
  return event?.event === 'question' && event.data.state.state === 'open' ? event.data : undefined;
}

async function wholeOutput(desk: Listener, run: string): Promise<{ text: string; holes: number }> {
  const { stream, end } = await desk.client.call('runs.subscribe', { run, from: 0, creditBytes: 4 << 20 });
  const chunks = (): typeof desk.output => desk.output.filter((chunk) => chunk.stream === stream);
  const length = (): number => chunks().reduce((sum, chunk) => sum + chunk.bytes.length, 0);
  let credited = 4 << 20;
  while (length() < end) {
    await desk.until(() => length() >= Math.min(end, credited), 60_000);
    await desk.client.call('runs.credit', { stream, bytes: 4 << 20 });
    credited += 4 << 20;
  }
  let at = 0;
  let holes = 0;
  for (const chunk of chunks()) {
    if (chunk.offset !== at) holes += Math.abs(chunk.offset - at);
    at = chunk.offset + chunk.bytes.length;
  }
  return { text: Buffer.concat(chunks().map((chunk) => chunk.bytes)).toString(), holes };
}

function count({ text, holes }: { text: string; holes: number }, result: DaemonRounds): void {
  const lines = [...text.matchAll(/^line (\d+)\r?$/gm)].map((match) => Number(match[1]));
  result.lines = lines.length;
  result.bytesLost = holes + lines.filter((line, i) => line !== i + 1).length;
  const told = [...text.matchAll(/told (\d+)/g)].map((match) => Number(match[1]));
  result.answersDoubled = told.length - new Set(told).size;
  result.answersLost = Math.max(0, result.answered - told.length);
}
