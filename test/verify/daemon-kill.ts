/**
 * `kill -9` of the daemon, again and again, while an agent prints numbered lines and asks: is the agent alive, is every byte there, is the same question
 * open again, and how soon. Real daemon processes, real holders, real ptys. Run: npx tsx test/verify/daemon-kill.ts [--rounds 100] [--seed 1]
 */
import * as fs from 'node:fs';
import { parseArgs } from 'node:util';
import { answerTo, Listener, makePlace, type Place, pick, spawnDaemon } from '../../daemon/test-daemon.ts';
import { randomId } from '../../shared/bytes.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } } });
const rounds = Number(values.rounds);
let seed = Number(values.seed);
const random = (): number => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};

/** Prints lines, asks a numbered menu, says what it was told, and so on for ever. */
const AGENT = `
const out = (t) => process.stdout.write(t);
process.stdin.setRawMode(true);
let line = 0, asked = 0;
const work = () => { for (let i = 0; i < 40; i++) out('line ' + (++line) + '\\n'); };
const ask = () => { asked++; out('\\x1b[?25l? Question number ' + asked + '\\n\\x1b[36m❯ Yes ' + asked + '\\x1b[0m\\n  No ' + asked + '\\n'); };
process.stdin.on('data', (b) => { out('\\x1b[3A\\x1b[J\\x1b[?25htold ' + asked + ' ' + JSON.stringify(String(b)) + '\\n'); let n = 0; const t = setInterval(() => { work(); if (++n === 5) { clearInterval(t); ask(); } }, 10); });
work(); ask();`;

async function start(place: Place) {
  const startedAt = performance.now();
  const daemon = await spawnDaemon(place);
  return { daemon, startedAt, desk: await Listener.connect(place) };
}

async function main(): Promise<void> {
  const place = makePlace();
  fs.writeFileSync(`${place.dir}/agent.cjs`, AGENT);
  let { daemon, desk } = await start(place);
  const run = await desk.client.call('runs.start', {
    from: 'command',
    requestId: randomId(),
    argv: [process.execPath, `${place.dir}/agent.cjs`],
    cwd: place.dir,
  });
  let question = await desk.question(run.run);
  const figures = {
    rounds,
    seed: values.seed,
    agentsLost: 0,
    otherQid: 0,
    answersLost: 0,
    answersDoubled: 0,
    bytesLost: 0,
    reopenMs: [] as number[],
    answered: 0,
  };
  for (let round = 0; round < rounds; round++) {
    // Sometimes in the middle of the work behind an answer, sometimes while it asks.
    const busy = random() < 0.5;
    if (busy) {
      const before = question.qid;
      const verdict = await desk.client.call('questions.answer', answerTo(question, pick(question, 0)));
      figures.answered += verdict.verdict === 'confirmed' || verdict.verdict === 'typed_unconfirmed' ? 1 : 0;
      await new Promise((resolve) => setTimeout(resolve, random() * 60));
      if (random() < 0.5) question = await desk.question(run.run, before);
    }
    const known = desk.events.findLast(
      (event) => event.event === 'question' && event.data.run === run.run && event.data.state.state === 'open',
    );
    daemon.kill('SIGKILL');
    await new Promise((resolve) => daemon.once('exit', resolve));
    const next = await start(place);
    ({ daemon, desk } = next);
    const state = await desk.client.call('state.get', {});
    const again = state.questions.find((q) => q.run === run.run && q.state.state === 'open') ?? (await desk.question(run.run));
    figures.reopenMs.push(performance.now() - next.startedAt);
    if (state.runs.find((r) => r.run === run.run)?.status.state === 'ended') figures.agentsLost++;
    if (known?.event === 'question' && known.data.question.text === again.question.text && known.data.qid !== again.qid) figures.otherQid++;
    question = again;
  }
  const { stream, end } = await desk.client.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 4 << 20 });
  const chunks = () => desk.output.filter((chunk) => chunk.stream === stream);
  await desk.until(() => chunks().reduce((sum, chunk) => sum + chunk.bytes.length, 0) >= end, 60_000);
  let at = 0;
  for (const chunk of chunks()) {
    if (chunk.offset !== at) figures.bytesLost += chunk.offset - at;
    at = chunk.offset + chunk.bytes.length;
  }
  const text = Buffer.concat(chunks().map((chunk) => chunk.bytes)).toString();
  const lines = [...text.matchAll(/^line (\d+)\r?$/gm)].map((match) => Number(match[1]));
  lines.forEach((line, i) => {
    if (line !== i + 1) figures.bytesLost++;
  });
  const told = [...text.matchAll(/told (\d+)/g)].map((match) => Number(match[1]));
  figures.answersDoubled = told.length - new Set(told).size;
  figures.answersLost = Math.max(0, figures.answered - told.length);
  await desk.client.call('runs.stop', { run: run.run, hard: true });
  daemon.kill('SIGTERM');
  await new Promise((resolve) => daemon.once('exit', resolve));
  place.remove();
  const sorted = figures.reopenMs.sort((a, b) => a - b);
  const { reopenMs: _all, ...rest } = figures;
  const report = {
    ...rest,
    lines: lines.length,
    reopenP50Ms: Math.round(sorted[Math.floor(sorted.length / 2)]!),
    reopenP99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)]!),
    node: process.version,
  };
  console.log(JSON.stringify(report, null, 1));
  process.exit(report.agentsLost + report.otherQid + report.answersLost + report.answersDoubled + report.bytesLost === 0 ? 0 : 1);
}

await main();
