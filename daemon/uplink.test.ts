/** The daemon and a phone with a real relay between them. */
import type { ChildProcess } from 'node:child_process';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomId } from '../shared/bytes.ts';
import { signRemoval } from '../shared/device-list.ts';
import { parseEnrolmentLink } from '../shared/enrolment.ts';
import { type RelayProcess, startRelay } from './relay-process.ts';
import { answerTo, Listener, makePlace, type Place, pick, spawnDaemon } from './test-daemon.ts';
import { TestPhone } from './test-phone.ts';

let place: Place;
let relay: RelayProcess;
let origin: string;
let daemon: ChildProcess;
let desk: Listener;
let phone: TestPhone;

beforeAll(async () => {
  place = makePlace();
  relay = startRelay({ env: { ...place.env, LISTEN: '127.0.0.1:0' }, stdio: 'pipe' });
  origin = await relay.listening;
  daemon = await spawnDaemon(place);
  desk = await Listener.connect(place);
  phone = await TestPhone.register(origin);
  const { link } = await desk.client.call('account.enrol', { origin });
  await phone.enrol((await parseEnrolmentLink(link))!);
  phone.connect();
  await phone.until(() => phone.channel?.isOpen);
}, 90_000);

afterAll(async () => {
  phone?.close();
  const { runs } = await desk.client.call('state.get', {});
  for (const run of runs) if (run.status.state !== 'ended') await desk.client.call('runs.stop', { run: run.run, hard: true });
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await gone;
  await relay.stop();
  place.remove();
});

describe('a phone, through the relay', () => {
  it('gets the state of the machine at once, then every event in order', async () => {
    const snapshot = await phone.snapshot();
    expect(snapshot.machine.id).toBe((await desk.client.call('daemon.status', {})).device);
    expect(await phone.call('phone.hello', { name: 'Pixel 9', watching: true, protocol: 1 })).toMatchObject({ protocol: 1 });
    const { devices } = await phone.call('devices.list', {});
    expect(devices.find((device) => device.self)).toMatchObject({ kind: 'phone', name: 'Pixel 9' });
  });

  it('starts the demo, answers, and sees it go on', async () => {
    const run = await phone.call('runs.start', { from: 'demo', requestId: randomId() });
    const find = (not?: string) =>
      phone.until(() => {
        const newest = new Map(
          phone.events.flatMap((e) => (e.event === 'question' && e.data.run === run.run ? [[e.data.qid, e.data] as const] : [])),
        );
        return [...newest.values()].find((q) => q.state.state === 'open' && q.qid !== not);
      });
    const question = await find();
    const { stream } = await phone.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 256 * 1024 });
    expect(await phone.call('questions.answer', answerTo(question, pick(question, 0)))).toMatchObject({
      verdict: 'confirmed',
      by: 'Pixel 9',
    });
    const second = await find(question.qid);
    await phone.call('questions.answer', answerTo(second, { type: 'text', text: 'from the phone' }));
    await phone.until(() => phone.events.some((e) => e.event === 'stream.end' && e.data.stream === stream));
    const text = Buffer.concat(phone.output.filter((o) => o.stream === stream).map((o) => o.bytes)).toString();
    expect(text).toContain('from the phone');
    expect(text).toContain('That was the whole loop');
    let next = 0;
    for (const chunk of phone.output.filter((o) => o.stream === stream)) {
      expect(chunk.offset).toBe(next);
      next += chunk.bytes.length;
    }
  });

  it('BAD-50, 53, 56, 57, 58, 65: gets the documented code for what it may not send', async () => {
    const answer = {
      answerId: randomId(),
      run: 'aaaaaaaa-bbbbbb',
      qid: 'q',
      rev: 1,
      digest: 'd',
      choice: { type: 'dismiss' as const },
      ttlS: 60,
    };
    for (const ttlS of [0, -1, 315_360_000, 1.5])
      await expect(phone.call('questions.answer', { ...answer, ttlS })).rejects.toMatchObject({ code: 'bad_ttl' });
    const wrong = { type: 'option', index: '1', labelDigest: 'x' } as never;
    await expect(phone.call('questions.answer', { ...answer, choice: wrong })).rejects.toMatchObject({ code: 'bad_choice' });
    await expect(phone.call('questions.answer', answer)).rejects.toMatchObject({ code: 'session_gone' });
    await expect(phone.call('nothing.like.it' as never, {} as never)).rejects.toMatchObject({ code: 'unsupported' });
    await expect(phone.call('daemon.stop' as never, {} as never)).rejects.toMatchObject({ code: 'not_granted' });
    const start = { from: 'command' as const, requestId: randomId(), argv: ['true'] };
    const outside = ['/etc', 'relative', '~root', '/nope/nope', `${place.dir}\0x`, '/'.padEnd(4097, 'x')];
    for (const cwd of outside)
      await expect(phone.call('runs.start', { ...start, requestId: randomId(), cwd })).rejects.toMatchObject({ code: 'bad_cwd' });
    // A schedule starts things too: what a phone may not start there, it may not plan there.
    const job = { name: 'outside', type: 'command' as const, command: ['true'], schedule: { cron: '* * * * *' } };
    await expect(phone.call('jobs.save', { job: { ...job, cwd: '/etc' } })).rejects.toMatchObject({ code: 'bad_cwd' });
    const paused = { ...job, cwd: '/etc', schedule: { ...job.schedule, paused: true } };
    expect(await phone.call('jobs.save', { job: paused })).toMatchObject({ job: { name: 'outside' } });
    await expect(phone.call('jobs.save', { job: { ...job, cwd: '/etc' }, replace: true })).rejects.toMatchObject({ code: 'bad_cwd' });
    await phone.call('jobs.remove', { job: 'outside' });
    const agent = { from: 'agent' as const, agent: 'demo', cwd: place.dir };
    await expect(phone.call('runs.start', { ...agent, requestId: randomId(), prompt: '   ' })).rejects.toMatchObject({
      code: 'empty_prompt',
    });
    await expect(phone.call('runs.start', { ...agent, requestId: randomId(), agent: 'nobody' })).rejects.toMatchObject({
      code: 'agent_not_found',
    });
  });

  it('comes back by itself after kill -9 of the daemon', async () => {
    const before = phone.closes.length;
    daemon.kill('SIGKILL');
    await new Promise((resolve) => daemon.once('exit', resolve));
    daemon = await spawnDaemon(place);
    desk = await Listener.connect(place);
    await phone.until(() => phone.closes.length > before || phone.channel?.isOpen);
    await phone.until(() => phone.channel?.isOpen && phone.events.filter((e) => e.event === 'snapshot').length >= 2);
    expect(await phone.call('state.get', {})).toMatchObject({ machine: { platform: process.platform } });
  });

  it('is cut off at once when it is taken off the list', async () => {
    const removal = await signRemoval(phone.trusted.list.account, phone.key.id, phone.key);
    const closed = phone.until(() => phone.link?.state.state !== 'online' || !phone.channel?.isOpen);
    await phone.tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
    await closed;
    await desk.until(async () => (await desk.client.call('daemon.status', {})).phones === 0 || undefined);
  });
});
