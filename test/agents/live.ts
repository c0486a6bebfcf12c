/**
 * One real agent CLI under `clawtab run`, asked by a scripted model on this machine and answered from the page in a real Chromium:
 * `npm run test:agents -- NAME`. Plays the scenarios in as few runs as possible; one that fails costs its run, the next begins a new one. Ends by
 * itself within its time limit, and stops what it started.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchChromium, PHONE } from '../rig/browser.ts';
import { startUp } from '../rig/up.ts';
import type { LiveAgent } from './live-agent.ts';
import { SCENARIOS, type Scenario, type Stage } from './scenarios.ts';
import { lastScreen, type Started, Workplace } from './workplace.ts';

/** Agents start slowly on two cores; opencode's screen stays blank for up to 40 s. */
const START_PATIENCE_MS = 80_000;
const PATIENCE_MS = 30_000;
/** All of one agent, its installation aside. */
const LIMIT_MS = Number(process.env['CLAWTAB_LIVE_LIMIT_S'] ?? 170) * 1000;

const name = process.argv[2] ?? '';
const wanted = process.argv.slice(3);
const { agent } = (await import(`./clis/${name}.ts`)) as { agent: LiveAgent };

const workplace = await Workplace.create(agent).catch((error: unknown) => {
  process.stdout.write(`FAILED ${name}: ${error instanceof Error ? error.message : error}\n0 passed, 1 failed\n`);
  process.exit(1);
});
const startedMs = performance.now();
const endsMs = startedMs + LIMIT_MS;
let passed = 0;
let failed = 0;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const about = `${agent.name} ${workplace.installed.version}`;

/** What is left of the patience before the limit, ms. */
function left(patienceMs: number): number {
  const ms = Math.min(patienceMs, endsMs - performance.now());
  if (ms <= 0) throw new Error(`the time limit of ${LIMIT_MS / 1000} s is over`);
  return ms;
}

async function check(phone: Phone, what: string, play: () => Promise<void>, cast: () => string | undefined): Promise<boolean> {
  const fromMs = performance.now();
  try {
    await play();
    passed++;
    say(`  ok   ${about}: ${what} (${((performance.now() - fromMs) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    failed++;
    say(`FAILED ${about}: ${what}: ${String(error).split('\n').slice(0, 4).join(' ')}`);
    const recorded = cast();
    if (recorded) {
      const screen = await lastScreen(recorded).catch((reason: unknown) => `no screen: ${reason}`);
      say(screen.replace(/^/gm, '       | '));
    }
    const inbox = await phone.page.locator('.inbox').textContent({ timeout: 2000 }).catch(String);
    say(`       phone: ${inbox}`);
    const heard = workplace.model.requests.at(-1);
    if (!heard) say('       IT CANNOT START HERE: not one request has reached the scripted model; what its screen says is above');
    say(`       model: ${heard?.script ?? 'no script'}, step ${heard?.step}, last result ${JSON.stringify(heard?.results.at(-1) ?? null)}`);
    return false;
  }
}

class Phone {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }

  card(text: string | RegExp) {
    return this.page.getByRole('article').filter({ hasText: text });
  }

  async reply(run: string, text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: `Prompt for ${run}` }).fill(text);
    await this.page.locator('.ready').filter({ hasText: run }).getByRole('button', { name: 'Send' }).click();
  }
}

async function trust(phone: Phone): Promise<void> {
  const { trust } = agent;
  if (!trust) return say(`   --  ${about}: trust: this agent asks nothing about a new folder`);
  workplace.model.play('trusted', [{ say: 'Good morning.' }]);
  for (const yes of [false, true]) {
    let started = undefined as Started | undefined;
    const folder = workplace.folder(yes ? 'new-yes' : 'new-no', true);
    const asked = (): number => workplace.model.requests.filter((r) => r.script === 'trusted').length;
    const before = asked();
    await check(
      phone,
      `trust: ${yes ? 'yes' : 'no'}, and it ${yes ? 'starts' : trust.refused}`,
      async () => {
        phone.page.setDefaultTimeout(left(START_PATIENCE_MS));
        started = workplace.start('trusted', folder);
        const card = phone.card(trust.text).filter({ hasText: folder.split('/').at(-1)! });
        await card.getByRole('button', { name: yes ? trust.yes : trust.no }).click();
        const then = yes ? 'starts' : trust.refused;
        if (then === 'starts') await workplace.model.until('the first prompt', () => asked() > before, left(PATIENCE_MS));
        if (then === 'ends') await workplace.ended(started.run, left(PATIENCE_MS));
        if (then === 'waits') await card.getByRole('status').filter({ hasText: 'Confirmed' }).waitFor();
        if (then === 'waits' && asked() > before) throw new Error('it has begun all the same');
      },
      () => started?.cast,
    );
    if (started) workplace.stop(started.run);
  }
}

/** Plays scenarios from the first on in one run; gives back those that are left: after a failure, or after the end of a turn. */
async function playRun(scenarios: readonly Scenario[], nth: number, phone: Phone): Promise<readonly Scenario[]> {
  const run = `${agent.name}-${nth}`;
  const workspace = workplace.trusted;
  const file = join(agent.writesOutside ? workplace.folder('elsewhere') : workspace, 'notes.txt');
  const end = scenarios.findIndex((s) => s.endsTurn);
  const together = end === -1 ? scenarios : scenarios.slice(0, end + 1);
  const { model } = workplace;
  model.play(
    run,
    together.flatMap((s) => s.turns(agent, { file })).map((turn) => (agent.thinkMs ? { thinkMs: agent.thinkMs, ...turn } : turn)),
  );
  let started = undefined as Started | undefined;
  let answered = 0;
  for (const [at, scenario] of together.entries()) {
    const due = answered + scenario.turns(agent, { file }).filter((turn) => turn.calls).length;
    const patience = (): number => left(started === undefined || at === 0 ? START_PATIENCE_MS : PATIENCE_MS);
    const stage: Stage = {
      agent,
      workspace,
      file,
      card: (text) => phone.card(text),
      async result() {
        await model.until(`result ${due} of its tools`, () => model.results(run).length >= due, patience());
        return model.results(run).at(-1)!;
      },
      reply: (text) => phone.reply(run, text),
      asked: (script) => model.until(`the prompt “${script}”`, () => model.requests.some((r) => r.script === script), patience()),
    };
    const ok = await check(
      phone,
      scenario.name,
      async () => {
        phone.page.setDefaultTimeout(patience());
        started ??= workplace.start(run);
        await scenario.play(stage);
      },
      () => started?.cast,
    );
    answered = due;
    if (ok && at + 1 < together.length) continue;
    if (started) workplace.stop(started.run);
    return scenarios.slice(at + 1);
  }
  return [];
}

const up = startUp(workplace.place);
const browser = await launchChromium();
try {
  const [, link] = await up.line(/^\s*(http:\/\/localhost:\d+\/\S*#enrol=\S+)/);
  const page = await (await browser.newContext(PHONE)).newPage();
  page.setDefaultTimeout(left(START_PATIENCE_MS));
  await page.goto(link!);
  await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@example.org');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  const phone = new Phone(page);

  if (wanted.length === 0 || wanted.includes('trust')) await trust(phone);
  let todo: readonly Scenario[] = SCENARIOS.filter((s) => wanted.length === 0 || wanted.includes(s.name)).filter((s) => {
    const why = agent.cannot?.[s.name];
    if (why) say(`   --  ${about}: ${s.name}: NOT POSSIBLE with this agent: ${why}`);
    return !why;
  });
  for (let nth = 1; todo.length > 0; nth++) {
    todo = await playRun(todo, nth, phone);
    if (workplace.model.requests.length === 0) throw new Error(`it does not start: ${todo.length} scenarios were not tried`);
  }
} catch (error) {
  failed++;
  say(`FAILED ${about}: ${String(error).split('\n').slice(0, 3).join(' ')}`);
} finally {
  const keep = process.env['CLAWTAB_LIVE_KEEP'];
  if (keep) workplace.keep(keep);
  await browser.close();
  await up.interrupt();
  await workplace.end();
}
say(`${passed} passed, ${failed} failed in ${Math.round((performance.now() - startedMs) / 1000)} s`);
process.exit(failed > 0 ? 1 : 0);
