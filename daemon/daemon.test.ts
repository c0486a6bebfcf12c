/** The daemon as a process of its own, with real holders, real ptys and the demo agent. */
import type { ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomId } from '../shared/bytes.ts';
import { LocalClient } from './local/client.ts';
import { ownCommand } from './own-command.ts';
import { answerTo, Listener, makePlace, type Place, pick, spawnDaemon } from './test-daemon.ts';

let place: Place;
let daemon: ChildProcess;
let desk: Listener;

beforeEach(async () => {
  place = makePlace();
  daemon = await spawnDaemon(place);
  desk = await Listener.connect(place);
});

afterEach(async () => {
  const client = await LocalClient.connect(place.socket).catch(() => null);
  if (client) {
    const { runs } = await client.call('state.get', {});
    for (const run of runs) if (run.status.state !== 'ended') await client.call('runs.stop', { run: run.run, hard: true });
    client.close();
  }
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  if (daemon.exitCode === null && daemon.signalCode === null) {
    daemon.kill('SIGTERM');
    await gone;
  }
  place.remove();
});

/** A program that knows the daemon's client, as a shell line. */
function program(text: string): string {
  const file = path.join(place.dir, `${randomId()}.mts`);
  const client = JSON.stringify(path.join(import.meta.dirname, 'local/client.ts'));
  fs.writeFileSync(file, `import * as fs from 'node:fs';\nimport { LocalClient } from ${client};\n${text}\n`);
  const [node, ...args] = ownCommand('cli');
  return [node!, ...args.slice(0, -1), file].map((word) => `'${word}'`).join(' ');
}

const demo = () => desk.client.call('runs.start', { from: 'demo', requestId: randomId() });

describe('the daemon', () => {
  it('carries an answer to the agent, and the agent goes on to its next question and its end', async () => {
    const run = await demo();
    const first = await desk.question(run.run);
    expect(first.question.options.map((option) => option.label)[0]).toBe('Yes');
    expect(await desk.client.call('questions.answer', answerTo(first, pick(first, 0)))).toMatchObject({ verdict: 'confirmed', by: 'desk' });
    const second = await desk.question(run.run, first.qid);
    expect(second.question.text).toContain('commit message');
    expect(await desk.client.call('questions.answer', answerTo(second, { type: 'text', text: 'fix the total' }))).toMatchObject({
      verdict: 'confirmed',
    });
    expect(await desk.ended(run.run)).toMatchObject({ exit: { code: 0, signal: null } });
    const { runs } = await desk.client.call('runs.history', {});
    expect(runs.map((ended) => ended.run)).toEqual([run.run]);
  });

  it('types one of two answers that come at once, and tells the other', async () => {
    const run = await demo();
    const question = await desk.question(run.run);
    const other = await Listener.connect(place);
    const verdicts = await Promise.all([
      desk.client.call('questions.answer', answerTo(question, pick(question, 0))),
      other.client.call('questions.answer', answerTo(question, pick(question, 2))),
    ]);
    expect(verdicts.map((verdict) => verdict.verdict).sort()).toEqual(['already_answered', 'confirmed']);
    other.client.close();
  });

  it('has the same question open again after kill -9, and loses no byte', async () => {
    const run = await demo();
    const question = await desk.question(run.run);
    daemon.kill('SIGKILL');
    await new Promise((resolve) => daemon.once('exit', resolve));
    const started = performance.now();
    daemon = await spawnDaemon(place);
    desk = await Listener.connect(place);
    const again = await desk.until(() => {
      const state = desk.client.call('state.get', {});
      return state;
    });
    const found = await desk.until(() => again.questions.find((q) => q.qid === question.qid) ?? eventOf(question.qid));
    expect(found).toMatchObject({ qid: question.qid, rev: question.rev, digest: question.digest, state: { state: 'open' } });
    expect(performance.now() - started).toBeLessThan(20_000);
    await desk.client.call('questions.answer', answerTo(found, pick(found, 2)));
    const second = await desk.question(run.run, question.qid);
    await desk.client.call('questions.answer', answerTo(second, { type: 'dismiss' })).catch(() => undefined);
    const { stream } = await desk.client.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 1 << 20 });
    await desk.until(() => Buffer.concat(desk.output.filter((o) => o.stream === stream).map((o) => o.bytes)).includes('commit message'));
    let next = 0;
    for (const chunk of desk.output) {
      expect(chunk.offset).toBe(next);
      next += chunk.bytes.length;
    }
  });

  function eventOf(qid: string) {
    const event = desk.events.findLast((e) => e.event === 'question' && e.data.qid === qid);
    return event?.event === 'question' ? event.data : undefined;
  }

  it('BAD-62: streams output within the credit it was given, says when it ends, and refuses offsets that cannot be', async () => {
    const script = 'process.stdout.write("x".repeat(10000) + "END")';
    const run = await desk.client.call('runs.start', {
      from: 'command',
      requestId: randomId(),
      argv: [process.execPath, '-e', script],
      cwd: place.dir,
    });
    await desk.ended(run.run);
    const { stream, end } = await desk.client.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 4000 });
    const bytes = () => desk.output.filter((o) => o.stream === stream).reduce((sum, o) => sum + o.bytes.length, 0);
    await desk.until(() => bytes() === 4000);
    expect(end).toBe(10_003);
    await desk.client.call('runs.credit', { stream, bytes: 100_000 });
    await desk.until(() => desk.events.some((event) => event.event === 'stream.end' && event.data.stream === stream));
    expect(bytes()).toBe(10_003);
    for (const from of [10_004, -1, 0.5, 2 ** 53, 2 ** 53 + 2, 1e300])
      await expect(desk.client.call('runs.subscribe', { run: run.run, from, creditBytes: 1 })).rejects.toMatchObject({
        code: 'bad_offset',
      });
    const other = await desk.client.call('runs.subscribe', { run: run.run, epoch: 'another', from: 5, creditBytes: 100_000 });
    await desk.until(() =>
      desk.events.some((event) => event.event === 'gap' && event.data.stream === other.stream && event.data.why === 'epoch'),
    );
  });

  it('tells the end of a run that was over before the daemon could join it, each once', async () => {
    const starts = Array.from({ length: 4 }, () =>
      desk.client.call('runs.start', { from: 'command', requestId: randomId(), argv: ['true'], cwd: place.dir }),
    );
    for (const { run } of await Promise.all(starts)) expect(await desk.ended(run)).toMatchObject({ exit: { code: 0, signal: null } });
  });

  it('BAD-60, 61: starts one run for one request id, however often it is sent, and stops it once, however often it is told', async () => {
    const request = { from: 'command' as const, requestId: randomId(), argv: ['sleep', '30'], cwd: place.dir };
    const [a, b] = await Promise.all([desk.client.call('runs.start', request), desk.client.call('runs.start', request)]);
    expect(a.run).toBe(b.run);
    expect((await desk.client.call('runs.start', request)).run).toBe(a.run);
    expect(await desk.client.call('runs.stop', { run: a.run })).toEqual({ alreadyStopped: false });
    await desk.ended(a.run);
    for (const hard of [false, true, false])
      expect(await desk.client.call('runs.stop', { run: a.run, hard })).toEqual({ alreadyStopped: true });
    await expect(desk.client.call('runs.start', { ...request, argv: ['true'] })).rejects.toMatchObject({ code: 'bad_request_id' });
    await expect(desk.client.call('runs.stop', { run: 'aaaaaaaa-bbbbbb' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses a process of an agent’s own run, however it was started: it cannot even see the question it asks, let alone answer it', async () => {
    const qid = path.join(place.dir, 'qid');
    const cli = ownCommand('cli').map((word) => `'${word}'`);
    const tries = ['questions', 'answer "$id" 1', 'answer "$id" --text y', 'policies allow -- true'].map(
      (args) => `${cli.join(' ')} ${args}`,
    );
    const said = path.join(place.dir, 'said');
    const script = `printf 'Continue? [y/N] '; while [ ! -s ${qid} ]; do sleep 0.1; done; id=$(cat ${qid})
for how in '' 'setsid -w' 'env -i PATH=/usr/bin:/bin CLAWTAB_STATE=${place.env.CLAWTAB_STATE}'; do
${tries.map((args) => `$how ${args}; echo "rc=$?"`).join('\n')}
done > ${said} 2>&1; echo all >> ${said}; sleep 300`;
    const run = await desk.client.call('runs.start', {
      from: 'command',
      requestId: randomId(),
      argv: ['sh', '-c', script],
      cwd: place.dir,
    });
    const question = await desk.question(run.run);
    fs.writeFileSync(`${qid}.new`, question.qid);
    fs.renameSync(`${qid}.new`, qid);
    const text = await desk.until(
      () => fs.existsSync(said) && fs.readFileSync(said, 'utf8').endsWith('all\n') && fs.readFileSync(said, 'utf8'),
      60_000,
    );
    expect(text.match(/rc=\d+/g)).toEqual(Array.from({ length: 12 }, () => 'rc=7'));
    expect(text.match(/caller_is_agent/g)).toHaveLength(12);
    const { questions } = await desk.client.call('state.get', {});
    expect(questions.find((q) => q.qid === question.qid)?.state).toEqual({ state: 'open' });
    expect((await desk.client.call('audit.list', {})).entries.filter((entry) => entry.type !== 'start')).toEqual([]);
    expect(await desk.client.call('policies.list', {})).toEqual({ policies: [] });
  }, 90_000);

  it('refuses a process of an agent’s own run that is at the socket before the daemon has taken its runs up again', async () => {
    const said = path.join(place.dir, 'said');
    // Waits until the daemon has gone, is the first through the door of the next one, and stays there. Nothing of its run but its session tells who it is.
    const early = program(`const heard = [];
const join = () => LocalClient.connect(${JSON.stringify(place.socket)}, { onEvent: ({ event }) => heard.push(event) }).catch(() => null);
for (let c; (c = await join()); ) { c.close(); await new Promise((r) => setTimeout(r, 5)); }
fs.writeFileSync(${JSON.stringify(`${said}.down`)}, '');
let client = null;
while (!(client = await join())) await new Promise((r) => setTimeout(r, 1));
const code = (e) => e.code;
const tries = [];
tries.push(await client.call('policies.list', {}).then(() => 'let in', code));
while (!fs.existsSync(${JSON.stringify(`${said}.up`)})) await new Promise((r) => setTimeout(r, 10));
tries.push(await client.call('policies.add', { policy: { effect: 'allow', command: ['true'] } }).then(() => 'let in', code));
fs.writeFileSync(${JSON.stringify(`${said}.new`)}, JSON.stringify({ tries, heard }));
fs.renameSync(${JSON.stringify(`${said}.new`)}, ${JSON.stringify(said)});
setInterval(() => undefined, 1000);`);
    const run = await desk.client.call('runs.start', {
      from: 'command',
      requestId: randomId(),
      argv: ['sh', '-c', `env -i PATH=/usr/bin:/bin ${early}; read x`],
      cwd: place.dir,
    });
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGKILL');
    await gone;
    await desk.until(() => fs.existsSync(`${said}.down`));
    daemon = await spawnDaemon(place);
    desk = await Listener.connect(place);
    await desk.until(async () =>
      (await desk.client.call('state.get', {})).runs.some((r) => r.run === run.run && r.status.state !== 'starting'),
    );
    fs.writeFileSync(`${said}.up`, '');
    const { tries, heard } = JSON.parse(await desk.until(() => fs.existsSync(said) && fs.readFileSync(said, 'utf8')));
    for (const what of tries) expect(['caller_is_agent', 'not_running']).toContain(what);
    expect(heard).toEqual([]);
    expect(await desk.client.call('policies.list', {})).toEqual({ policies: [] });
  }, 90_000);

  it('takes a hook’s word from inside the run it is about, and of no other', async () => {
    const other = await demo();
    const said = path.join(place.dir, 'said');
    const hook = program(`const client = await LocalClient.connect(${JSON.stringify(place.socket)});
const tell = (run) => client.call('hook', { run, event: 'Notification', payload: {} }).then(() => 'taken', (e) => e.code);
fs.writeFileSync(${JSON.stringify(`${said}.new`)}, JSON.stringify([await tell(process.env.CLAWTAB_RUN), await tell('${other.run}')]));
fs.renameSync(${JSON.stringify(`${said}.new`)}, ${JSON.stringify(said)});
client.close();`);
    const inside = async (line: string) => {
      fs.rmSync(said, { force: true });
      await desk.client.call('runs.start', { from: 'command', requestId: randomId(), argv: ['sh', '-c', line], cwd: place.dir });
      return JSON.parse(await desk.until(() => fs.existsSync(said) && fs.readFileSync(said, 'utf8')));
    };
    expect(await inside(`${hook}; sleep 300`)).toEqual(['taken', 'caller_is_agent']);
    expect(await inside(`setsid -w ${hook}; sleep 300`)).toEqual(['taken', 'caller_is_agent']);
    // A run inside a run: the inner one speaks for itself.
    const cli = ownCommand('cli')
      .map((word) => `'${word}'`)
      .join(' ');
    expect(await inside(`${cli} run -- sh -c "setsid -w ${hook}; sleep 300"`)).toEqual(['taken', 'caller_is_agent']);
  }, 90_000);

  it('answers by a rule what a rule allows, shows it, and writes down who it was', async () => {
    const { id } = await desk.client.call('policies.add', { policy: { effect: 'allow', command: ['npm', 'test'], agent: 'demo' } });
    const run = await demo();
    const second = await desk.until(() =>
      desk.events
        .flatMap((e) => (e.event === 'question' && e.data.run === run.run && e.data.question.kind === 'text' ? [e.data] : []))
        .at(-1),
    );
    expect(second.question.text).toContain('commit message');
    const { entries, intact } = await desk.until(async () => {
      const list = await desk.client.call('audit.list', {});
      return list.entries.some((entry) => entry.type === 'answer') ? list : undefined;
    });
    expect(intact).toBe(true);
    expect(entries.find((entry) => entry.type === 'answer')?.text).toContain('rule: allow npm test (demo) answered “Yes”');
    await desk.client.call('policies.remove', { id });
    expect(await desk.client.call('policies.list', {})).toEqual({ policies: [] });
    await expect(desk.client.call('policies.add', { policy: { effect: 'allow' } })).rejects.toMatchObject({ code: 'bad_policy' });
  });

  it('keeps up with a flood larger than its log, and the screen shows the end', async () => {
    const script = 'yes "$(printf %070d 0)" | head -c 24000000; echo; echo THE-END; exec sleep 300';
    const run = await desk.client.call('runs.start', {
      from: 'command',
      requestId: randomId(),
      argv: ['sh', '-c', script],
      cwd: place.dir,
    });
    await desk.until(
      async () => (await desk.client.call('runs.screen', { run: run.run })).text.some((line) => line === 'THE-END') || undefined,
      60_000,
    );
    const { stream, start } = await desk.client.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 1000 });
    expect(start).toBeGreaterThan(0);
    const gap = await desk.until(() => desk.events.find((e) => e.event === 'gap' && e.data.stream === stream));
    expect(gap).toMatchObject({ data: { from: 0, why: 'trimmed' } });
  }, 90_000);

  it('opens no TCP port, nor does a holder, and keeps its state to itself', async () => {
    const { run } = await demo();
    await desk.question(run);
    const { holderPid } = JSON.parse(fs.readFileSync(path.join(place.env.CLAWTAB_STATE!, 'runs', run, 'run.json'), 'utf8'));
    for (const pid of [daemon.pid, holderPid]) {
      const inodes = fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return /socket:\[(\d+)\]/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
        } catch {
          return []; // closed meanwhile
        }
      });
      // Its unix sockets: else this would prove nothing.
      expect(inodes.length).toBeGreaterThan(0);
      const internet = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => fs.readFileSync(`/proc/${pid}/net/${name}`, 'utf8')).join('\n');
      for (const inode of inodes) expect(internet).not.toContain(` ${inode} `);
    }
    const root = place.env.CLAWTAB_STATE!;
    for (const name of fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).concat('')) {
      const stat = fs.lstatSync(path.join(root, name));
      expect(`${name} ${(stat.mode & 0o777).toString(8)}`).toBe(`${name} ${stat.isDirectory() ? '700' : '600'}`);
    }
    expect(fs.statSync(place.socket).isSocket()).toBe(true);
  });

  it('is one for a state directory: a second one is told so', async () => {
    await expect(spawnDaemon(place)).rejects.toThrow('the daemon ended with 6');
  });
});
