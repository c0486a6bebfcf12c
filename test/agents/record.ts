/**
 * Records a real agent CLI while the scripted model lets it ask, and labels the recording by what was asked: `npm run record`. Writes
 * daemon/agents/<agent>/recordings/<take>--<variant>@<cols>x<rows>/{session.cast,label.json}; no reader of ClawTab takes part.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readable, type Span, shows, standingSpan, stands } from './labelling.ts';
import type { LiveAgent } from './live-agent.ts';
import { pause, RecordedRun } from './recorded-run.ts';
import { scrub } from './scrub.ts';
import { type Expected, TAKES } from './takes.ts';
import { Workplace } from './workplace.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** A question stands untouched for this long before it is answered. */
const STANDS_MS = 1500;
/** What comes after the answer is recorded for so long. */
const AFTER_MS = 2000;
/** opencode's screen stays blank for up to 40 s. */
const START_MS = 90_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '80x24' },
    keys: { type: 'string', default: 'enter' },
    variant: { type: 'string' },
    truecolor: { type: 'boolean', default: false },
    to: { type: 'string' },
    /** The screen is too low for what the question is about: only its options are looked for. */
    low: { type: 'boolean', default: false },
  },
});
const [name = '', takeName = ''] = positionals;
const { agent } = (await import(`./clis/${name}.ts`)) as { agent: LiveAgent };
const take = TAKES[takeName]!;
const [, cols, rows] = (/^(\d+)x(\d+)$/.exec(values.size) ?? []).map(Number);
if (cols === undefined || rows === undefined) throw new Error(`--size wants COLSxROWS, not ${values.size}`);
const keys = values.keys.split(',').filter((key) => key !== '');

const workplace = await Workplace.create(agent);
let run = undefined as RecordedRun | undefined;
try {
  const workspace = take.newFolder ? workplace.folder('new', true) : workplace.trusted;
  const whole = take.expects(agent, workspace);
  const expected = whole && values.low ? { ...whole, text: '' } : whole;
  const variant = values.variant ?? [expected ? keys.join('-') : 'own', ...(values.truecolor ? ['truecolor'] : [])].join('-');
  const script = `${name}-${takeName}`;
  const turns = take.turns(agent, workspace);
  workplace.model.play(
    script,
    turns.map((turn) => (agent.thinkMs ? { thinkMs: agent.thinkMs, ...turn } : turn)),
  );
  const castFile = join(workplace.place.home, 'session.cast');
  const env: Record<string, string> = { ...workplace.env, ...(values.truecolor ? { COLORTERM: 'truecolor' } : {}) };
  run = await RecordedRun.start({ argv: workplace.argv(script), env, cwd: workspace, cols, rows, cast: castFile });

  const asked = expected ? await answer(run, expected) : await wait(run, take.closing ?? '');
  await pause(AFTER_MS);
  await run.end();

  const cast = readFileSync(castFile, 'utf8');
  const span = asked && expected ? await standingSpan(cast, expected.text, asked.options, asked.atS) : null;
  const label = {
    agent: name,
    version: workplace.installed.version,
    scenario: takeName,
    variant,
    about: take.about,
    size: { cols, rows },
    env: { TERM: env['TERM'], COLORTERM: values.truecolor ? 'truecolor' : null },
    recorded: new Date().toISOString(),
    questions: expected && asked && span ? [question(expected, asked, span)] : [],
    negatives: negatives(span, lastSecond(cast)),
    model: workplace.model.requests
      .filter((request) => request.script === script)
      .map(({ step, results }) => ({ step, result: results.at(-1)?.content ?? null })),
  };
  const places = {
    home: workplace.place.home,
    program: workplace.installed.program,
    bin: agent.npm.bin,
    folders: [ROOT, homedir()],
    secret: [hostname()],
  };
  const to = values.to ?? join(ROOT, 'daemon/agents', name, 'recordings');
  const folder = join(to, `${takeName}--${variant}@${values.size}`);
  mkdirSync(folder, { recursive: true });
  const clean = scrub(cast, places);
  writeFileSync(join(folder, 'session.cast'), clean);
  writeFileSync(join(folder, 'label.json'), scrub(`${JSON.stringify(label, null, 1)}\n`, places));
  process.stdout.write(
    `${folder}: ${Math.round(clean.length / 1024)} KB, ${span ? `asked at ${span.firstS} s, gone at ${span.endS} s` : 'nothing asked'}\n`,
  );
} finally {
  await run?.end().catch(() => undefined);
  await workplace.end();
}

interface Answered {
  options: readonly string[];
  atS: number;
}

async function answer(on: RecordedRun, expected: Expected): Promise<Answered> {
  const isThere = (view: Parameters<typeof shows>[0]): boolean => shows(view, expected.text) && readable(view, expected).length > 1;
  await on.until(`“${expected.text}” with ${expected.options.join(' | ')}`, isThere, { timeoutMs: START_MS, forMs: STANDS_MS });
  const options = readable(on.view(), expected);
  const unseen = expected.options.filter((option) => !options.includes(option));
  if (unseen.length > 0) process.stderr.write(`not on the screen as written, labelled so: ${unseen.join(' | ')}\n`);
  const atS = on.atS;
  await on.type(keys);
  await on.until('the end of the question', (view) => !stands(view, expected.text, options), { forMs: 500 });
  return { options, atS };
}

async function wait(on: RecordedRun, closing: string): Promise<null> {
  await on.until(`“${closing}”`, (view) => shows(view, closing), { timeoutMs: START_MS });
  return null;
}

function question({ kind, text, options }: Expected, { options: seen, atS }: Answered, { firstS, endS }: Span) {
  return {
    n: 1,
    kind,
    ...(text === '' ? {} : { question: text }),
    options: options.map((label) => ({ label, ...(seen.includes(label) ? {} : { on_screen: false }) })),
    t_first: firstS,
    t_end: endS,
    answer: { keys, t_sent: Math.round(atS * 1000) / 1000 },
  };
}

function negatives(span: Span | null, endS: number): { t0: number; t1: number }[] {
  if (span === null) return [{ t0: 0, t1: endS }];
  return [{ t0: 0, t1: span.firstS }, ...(span.endS === null ? [] : [{ t0: span.endS, t1: endS }])];
}

function lastSecond(cast: string): number {
  const last = cast.trimEnd().split('\n').at(-1) ?? '';
  return Number(/^\[([\d.]+)/.exec(last)?.[1] ?? 0);
}
