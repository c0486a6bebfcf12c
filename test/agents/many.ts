/**
 * npm run test:agents -- NAME --answers=N [--seed=N --minutes=N --think=MS]: a real agent CLI whose scripted model asks again and again in one session. Every card is
 * answered at random over relay and seal while the desk resizes, repaints and types; what the model was told, and the files, say whether the answer was right.
 */
import { Figures, options, spread } from '../rig/figures.ts';
import { Product } from '../rig/product.ts';
import { seeded } from '../rig/random.ts';
import type { LiveAgent } from './live-agent.ts';
import { INCIDENTS, type Incident, MUST_BE_NONE, newLedger, sumLine, sumOf } from './many/ledger.ts';
import { Session, Stalled } from './many/session.ts';
import { lastScreen, Workplace } from './workplace.ts';

/** Sessions that may stall before the rest is left. */
const MAX_STALLS = 3;

const name = process.argv[2] ?? '';
const wanted = options();
const COUNT = wanted.number('answers', 100, 40);
const endsMs = performance.now() + wanted.number('minutes', 9, 3) * 60_000;
const cli = ((await import(`./clis/${name}.ts`)) as { agent: LiveAgent }).agent;
const agent: LiveAgent = { ...cli, thinkMs: wanted.number('think', cli.thinkMs ?? 0, cli.thinkMs ?? 0) };
const ledger = newLedger();
const { incidents } = ledger;
const fromMs = performance.now();
let version = '';

const product = await Product.start();
try {
  const workplace = await Workplace.create(agent, product.place);
  version = workplace.installed.version;
  const phone = await product.phone();
  await phone.call('phone.hello', { name: 'Many', watching: true, protocol: 1 });
  const goes = (): boolean => ledger.asked < COUNT && performance.now() < endsMs;
  const rng = seeded(wanted.seed);
  try {
    for (let nth = 1; goes() && incidents.stalled.length < MAX_STALLS; nth++) {
      const session = new Session(workplace, phone, rng, ledger);
      try {
        await session.play(`${name}-${nth}`, goes);
      } catch (error) {
        const why = error instanceof Stalled ? error.message : String((error as Error).stack ?? error);
        incidents.stalled.push(why);
        process.stdout.write(`stalled: ${why}\n`);
        if (session.started) process.stdout.write(`${(await lastScreen(session.started.cast)).replace(/^/gm, '       | ')}\n`);
      }
    }
  } finally {
    const keep = process.env['CLAWTAB_LIVE_KEEP'];
    if (keep) workplace.keep(keep);
    phone.close();
    await workplace.model.stop();
  }
} finally {
  await product.stop();
}

const figures = new Figures(`${name} ${version}`, wanted);
const some = (list: readonly string[]): string => (list.length === 0 ? '0' : `${list.length}: ${list.slice(0, 6).join(' · ')}`);
figures.note('asked', `${ledger.asked} in ${Math.round((performance.now() - fromMs) / 1000)} s`);
figures.note('answered, with the effect that was wanted', ledger.answered);
figures.note('next prompts', ledger.prompts);
for (const kind of Object.keys(INCIDENTS) as Incident[])
  if (MUST_BE_NONE.includes(kind)) figures.gate(INCIDENTS[kind], some(incidents[kind]), '0', incidents[kind].length === 0);
  else figures.note(INCIDENTS[kind], some(incidents[kind]));
const refusals = [...ledger.refused].sort((a, b) => b[1] - a[1]).map(([why, n]) => `${n}× ${why}`);
figures.note('not typed, then answered again', [`${sumOf(ledger.refused)}`, ...refusals].join(' · '));
figures.note('cards read from', [...ledger.sources].map(([source, n]) => `${source} ${n}`).join(' · '));
figures.note('at the desk', `${ledger.desk.resizes} resizes, ${ledger.desk.repaints} repaints, ${ledger.desk.keys} keys`);
figures.note('tap → verdict', spread(ledger.tookMs));
process.stdout.write(`${sumLine(`${name} ${version}`, ledger)}\n`);
figures.end();
process.exit();
