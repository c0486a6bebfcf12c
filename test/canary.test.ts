/**
 * The relay keeps nothing and reads nothing: strings that an agent prints and asks, that a phone types and answers, names of jobs, folders and devices are looked
 * for in the database's files, in everything that relay and daemon print, and in the relay's memory. Relay and daemon are processes of their own, as built.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerTo, pick } from '../daemon/test-daemon.ts';
import { databaseDirs } from '../relay/store/embedded-place.ts';
import { randomBytes, randomId, toHex } from '../shared/bytes.ts';
import { hitsIn, hitsInFolder, hitsInMemory, type Needle, needlesOf } from './rig/canary.ts';
import { fakeAgent } from './rig/fake-agent.ts';
import { Product } from './rig/product.ts';

const canary = (): string => toHex(randomBytes(16));
const said = { printed: canary(), asked: canary(), typed: canary(), job: canary(), folder: canary(), phone: canary() };
const needles: Needle[] = Object.values(said).flatMap(needlesOf);
let product: Product;

beforeAll(async () => {
  product = await Product.start();
  const phone = await product.phone();
  await phone.call('phone.hello', { name: said.phone, watching: true, protocol: 1 });
  const cwd = join(product.place.home, said.folder);
  mkdirSync(cwd);
  const argv = fakeAgent({
    log: join(cwd, 'agent.log'),
    canary: said.printed,
    questions: [{ nonce: said.asked, style: 'list', options: 3, lines: 50 }],
    print: { lines: 200_000, atOnce: 5, everyMs: 50 },
  });
  const run = await phone.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd, name: said.job });
  await phone.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 1 << 20 });
  const question = await phone.until(() => {
    const event = phone.events.find((e) => e.event === 'question' && e.data.state.state === 'open');
    return event?.event === 'question' && event.data;
  });
  await phone.call('questions.answer', answerTo(question, pick(question, 1)));
  const seen = (text: string): boolean => Buffer.concat(phone.output.map((o) => o.bytes)).includes(text);
  await phone.until(() => seen(`chose 1 ${said.asked}`));
  await phone.call('runs.type', { run: run.run, typeId: randomId(), text: said.typed });
  await phone.until(() => seen(said.printed));
  phone.close();
});
afterAll(() => product.stop());

describe('what agent and phone said to each other', () => {
  it('was said: the search itself finds it on the machine it belongs to', () => {
    expect(hitsInFolder(product.place.home, needlesOf(said.printed)).hits.length).toBeGreaterThan(0);
  });

  it('is in no file of the relay’s database, write-ahead log and server log included', () => {
    let files = 0;
    const hits: string[] = [];
    for (const dir of databaseDirs(join(product.place.home, 'state')).filter(existsSync)) {
      const found = hitsInFolder(dir, needles);
      files += found.files;
      hits.push(...found.hits);
    }
    expect(files).toBeGreaterThan(900);
    expect(hits).toEqual([]);
  });

  it('was printed by neither relay nor daemon', () => {
    const text = Buffer.from(product.printed.join('\n'));
    expect(text.length).toBeGreaterThan(100);
    expect(hitsIn(text, needles, 'the output')).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is not in the relay’s memory', () => {
    const found = hitsInMemory(product.relayPid, needles, 'the relay');
    expect(found.bytes).toBeGreaterThan(10_000_000);
    expect(found.hits).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('and the same search finds a token of a relay’s own memory', () => {
    const text = Buffer.from(`needle ${randomId()}`);
    expect(hitsInMemory(process.pid, [{ of: 'itself', bytes: text }], 'this test').hits.length).toBeGreaterThan(0);
  });
});
