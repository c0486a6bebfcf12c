/** Who may talk to a holder, and in which words: versions, nonsense, and processes of the run itself. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownCommand } from '../own-command.ts';
import { ASK, FrameReader, frame, jsonFrame, PROTOCOL, TELL } from './holder-protocol.ts';
import { isAlive, printed, TestRuns } from './test-run.ts';

const { oldest, newest } = PROTOCOL;
let runs: TestRuns;
beforeEach(() => {
  runs = new TestRuns();
});
afterEach(() => runs.remove());

describe('the protocol between holder and client', () => {
  it.each([
    ['the same version', { oldest, newest }, newest],
    ['a client one newer that still speaks this one', { oldest, newest: newest + 1 }, newest],
    ['a client one older', { oldest: newest - 1, newest: newest - 1 }, newest - 1],
    ['a client that still speaks older ones', { oldest: 0, newest: oldest }, oldest],
  ])('%s: they talk', async (_name, versions, version) => {
    const run = await runs.sh('printf hello; read x');
    const client = await runs.connect(run, { role: 'daemon', versions });
    expect(client.status.version).toBe(version);
    const hello = printed(client, 'hello');
    await client.subscribe(0);
    await hello;
    client.close();
  });

  it.each([
    ['too new', { oldest: newest + 1, newest: newest + 2 }],
    ['too old', { oldest: 0, newest: 0 }],
    ['no versions', { oldest: Number.NaN, newest: Number.NaN }],
  ])('a client that is %s is told so', async (_name, versions) => {
    const run = await runs.sh('read x');
    await expect(runs.connect(run, { role: 'daemon', versions })).rejects.toMatchObject({ code: 'upgrade_required' });
  });

  it('frames that mean nothing end their own connection only', async () => {
    const run = await runs.sh('read x');
    const hello = jsonFrame(ASK.hello, { oldest: 1, newest: 1, role: 'viewer', pid: process.pid });
    const bad: [string, Buffer][] = [
      ['no hello', jsonFrame(ASK.subscribe, {})],
      ['an empty frame', Buffer.from([0, 0, 0, 0])],
      ['a huge frame', Buffer.from([0x7f, 0xff, 0xff, 0xff, 1])],
      ['no JSON', frame(ASK.hello, Buffer.from('{'))],
      ['JSON null', frame(ASK.hello, Buffer.from('null'))],
      ['an input without a header', Buffer.concat([hello, frame(ASK.input, Buffer.from('x'))])],
      ['random bytes', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))],
    ];
    for (const [name, bytes] of bad) {
      const socket = net.connect(run.socket);
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.on('error', () => undefined).resume();
      socket.write(bytes);
      await closed;
      expect(`${name}: ${isAlive(run.holderPid)}`).toBe(`${name}: true`);
    }
    const client = await runs.connect(run);
    expect(client.status.exit).toBeNull();
    client.close();
  });

  it('an unknown word is answered, not obeyed', async () => {
    const run = await runs.sh('read x');
    const socket = net.connect(run.socket);
    const frames = new FrameReader();
    const said = new Promise<Record<string, unknown>>((resolve) => {
      socket.on('data', (chunk) =>
        frames.push(chunk, (type, payload) => {
          if (type === TELL.welcome) socket.write(jsonFrame(60, { id: 9 }));
          if (type === TELL.reply) resolve(JSON.parse(payload.toString()));
        }),
      );
    });
    socket.write(jsonFrame(ASK.hello, { oldest: 1, newest: 1, role: 'viewer', pid: process.pid }));
    expect(await said).toMatchObject({ id: 9, ok: false, code: 'unsupported' });
    socket.destroy();
  });
});

describe('who may control a run', () => {
  /** A client in a process of its own. Prints the error's code, or "let in". */
  const client = (socket: string, pid: string): string[] => {
    const here = import.meta.dirname;
    const file = path.join(runs.place.dir, 'client.mts');
    fs.writeFileSync(
      file,
      `import { HolderClient } from ${JSON.stringify(path.join(here, 'holder-client.ts'))};
Object.defineProperty(process, 'pid', { value: ${pid} });
await HolderClient.connect(${JSON.stringify(socket)}, '/', { role: 'daemon' }).then((c) => { console.log('let in'); c.close(); }, (e) => console.log('refused: ' + e.code));`,
    );
    const [node, ...args] = ownCommand('cli');
    return [node!, ...args.slice(0, -1), file];
  };

  it('is not a process of the run itself, however it was started', async () => {
    // The command comes through the environment, and the run's socket, which is not known before, through the client's file.
    const agent = await runs.start(['sh', '-c', `echo up; read x; setsid sh -c "$C" & wait; sh -c "$C"; (sh -c "$C" & ); read y`], {
      env: {
        PATH: process.env.PATH,
        HOME: runs.place.dir,
        C: client('SOCKET', 'process.pid')
          .map((word) => `'${word}'`)
          .join(' '),
      },
    });
    const file = path.join(runs.place.dir, 'client.mts');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('SOCKET', agent.socket));
    const desk = await runs.connect(agent);
    const third = printed(desk, 'refused: caller_is_agent\r\nrefused: caller_is_agent\r\nrefused: caller_is_agent');
    await desk.subscribe(0);
    await desk.input(Buffer.from('\n'));
    expect(await third).not.toContain('let in');
    desk.close();
  }, 40_000);

  it('is not one who names another process', async () => {
    const run = await runs.sh('read x');
    const said = execFileSync(client(run.socket, '1')[0]!, client(run.socket, '1').slice(1), { encoding: 'utf8', env: runs.place.env });
    expect(said).toBe('refused: caller_unproven\n');
    const honest = execFileSync(client(run.socket, 'process.pid')[0]!, client(run.socket, 'process.pid').slice(1), {
      encoding: 'utf8',
      env: runs.place.env,
    });
    expect(honest).toBe('let in\n');
  });
});
