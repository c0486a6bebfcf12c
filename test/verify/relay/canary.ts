/**
 * Twenty random strings that an agent prints and asks, that a phone types and answers, that name jobs, folders and devices: looked for in everything that the relay
 * keeps, prints and holds in memory, and in what it sends to a push service; as they are, in hex, base64, UTF-16 and packed.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answerTo, pick } from '../../../daemon/test-daemon.ts';
import { databaseDirs } from '../../../relay/store/embedded-place.ts';
import { randomBytes, randomId, toHex } from '../../../shared/bytes.ts';
import { hitsIn, hitsInFolder, hitsInMemory, needlesOf } from '../../rig/canary.ts';
import { fakeAgent } from '../../rig/fake-agent.ts';
import { Product } from '../../rig/product.ts';
import type { Figure } from './parts.ts';

const ROUNDS = 4;
const canary = (): string => toHex(randomBytes(16));

export async function canaryFigures(): Promise<Figure[]> {
  const product = await Product.start();
  const said: string[] = [];
  const one = (): string => {
    const text = canary();
    said.push(text);
    return text;
  };
  try {
    const phone = await product.phone();
    await phone.call('phone.hello', { name: one(), watching: true, protocol: 1 });
    for (let i = 0; i < ROUNDS; i++) {
      const [printed, asked, typed, folder, name] = [one(), one(), one(), one(), one()] as [string, string, string, string, string];
      const cwd = join(product.place.home, folder);
      mkdirSync(cwd);
      const argv = fakeAgent({
        log: join(cwd, 'agent.log'),
        canary: printed,
        questions: [{ nonce: asked, style: 'list', options: 3, lines: 20 }],
        print: { lines: 20_000, atOnce: 5, everyMs: 50 },
      });
      const run = await phone.call('runs.start', { from: 'command', requestId: randomId(), argv, cwd, name });
      await phone.call('runs.subscribe', { run: run.run, from: 0, creditBytes: 1 << 20 });
      const question = await phone.until(() => {
        const event = phone.events.find((e) => e.event === 'question' && e.data.run === run.run && e.data.state.state === 'open');
        return event?.event === 'question' && event.data;
      });
      await phone.call('questions.answer', answerTo(question, pick(question, 1)));
      const seen = (text: string): boolean => Buffer.concat(phone.output.map((o) => o.bytes)).includes(text);
      await phone.until(() => seen(`chose 1 ${asked}`));
      await phone.call('runs.type', { run: run.run, typeId: randomId(), text: typed });
      await phone.until(() => seen(printed));
    }
    phone.close();
    return searched(product, said);
  } finally {
    await product.stop();
  }
}

function searched(product: Product, said: readonly string[]): Figure[] {
  const needles = said.flatMap(needlesOf);
  const onMachine = said.filter((text) => hitsInFolder(product.place.home, needlesOf(text)).hits.length > 0).length;
  const hits: string[] = [];
  let [files, bytes] = [0, 0];
  for (const dir of databaseDirs(join(product.place.home, 'state')).filter(existsSync)) {
    const found = hitsInFolder(dir, needles);
    files += found.files;
    bytes += found.bytes;
    hits.push(...found.hits);
  }
  hits.push(...hitsIn(Buffer.from(product.printed.join('\n')), needles, 'what was printed'));
  const memory = process.platform === 'linux' ? hitsInMemory(product.relayPid, needles, 'the relay') : { hits: [], bytes: 0 };
  hits.push(...memory.hits);
  return [
    {
      name: 'canaries',
      note: `${said.length} in ${needles.length} dresses, ${onMachine} of them found on the machine itself; ${files} files of the database (${Math.round(bytes / 1e6)} MB), ${product.printed.length} lines, ${Math.round(memory.bytes / 1e6)} MB of the relay’s memory`,
    },
    { name: 'searched for real: canaries that the same search finds on the machine', value: onMachine, goal: '> 0', ok: onMachine > 0 },
    { name: 'canaries in the relay’s files, output and memory', count: hits.length, more: hits.slice(0, 3).join('; ') },
  ];
}
