/** The door: who may use what, and what wrong words get. BAD-59, BAD-64 and BAD-65 of the contract. What the commands do is tested with real parts. */
import { describe, expect, it } from 'vitest';
import { GRANTS, type Grant } from '../shared/device-list.ts';
import { COMMANDS, type CommandName, type Message } from '../shared/protocol.ts';
import { decodeWire, encodeMessage } from '../shared/wire.ts';
import { Api, type Parts } from './api.ts';
import type { Caller } from './api-connection.ts';
import { LOCAL_COMMANDS, OPEN_TO_AGENTS } from './local/local-commands.ts';

const api = new Api({ version: '1.2.3' } as Parts);
const caller = (kind: 'desk' | 'phone', grants: readonly Grant[], insideRun: string | null = null): Caller => ({
  kind,
  id: 'x',
  name: 'x',
  grants: new Set(grants),
  insideRun,
  watching: false,
});

/** The reply to one request. */
function ask(from: Caller, cmd: string, args: unknown): Promise<Message> {
  return new Promise((resolve, reject) => {
    const send = (bytes: Uint8Array): void => {
      const wire = decodeWire(bytes);
      if (wire.kind === 'message') resolve(wire.message);
    };
    const connection = api.connect({ ...from, kind: 'desk' }, { maxBytes: 1 << 20, send });
    connection.caller.kind = from.kind;
    if (!connection.receive(encodeMessage({ t: 'req', id: 7, cmd, args }))) reject(new Error('not taken'));
  });
}

describe('BAD-64: a device', () => {
  const commands = Object.keys(COMMANDS) as CommandName[];
  for (const grant of GRANTS)
    it(`with the grant “${grant}” alone may use the verbs of that grant and no other`, async () => {
      const guest = caller('phone', [grant]);
      for (const cmd of commands) {
        const refusal = api.mayAsk(cmd, guest);
        expect(`${cmd}: ${refusal?.code ?? 'granted'}`).toBe(`${cmd}: ${COMMANDS[cmd].grant === grant ? 'granted' : 'not_granted'}`);
      }
      const refused = commands.find((cmd) => COMMANDS[cmd].grant !== grant)!;
      expect(await ask(guest, refused, {})).toMatchObject({
        t: 'err',
        id: 7,
        error: { code: 'not_granted', message: expect.stringContaining(refused) },
      });
    });

  it('with every grant may not use what is the desk’s', () => {
    for (const cmd of Object.keys(LOCAL_COMMANDS).filter((name) => api.verb(name)))
      expect(api.mayAsk(cmd, caller('phone', GRANTS))?.code).toBe('not_granted');
  });

  it('that is a process of an agent may only say that it is there, and what its hooks say', () => {
    const inside = caller('desk', GRANTS, 'run-1');
    for (const cmd of [...commands, ...Object.keys(LOCAL_COMMANDS)].filter((name) => api.verb(name)))
      expect(`${cmd}: ${api.mayAsk(cmd, inside)?.code ?? 'granted'}`).toBe(
        `${cmd}: ${OPEN_TO_AGENTS.has(cmd) ? 'granted' : 'caller_is_agent'}`,
      );
  });
});

describe('a request', () => {
  const desk = caller('desk', GRANTS);

  it.each([
    ['LD_PRELOAD', { env: { LD_PRELOAD: '/x.so' } }],
    ['NODE_OPTIONS', { env: { NODE_OPTIONS: '--require /x' } }],
    ['PATH', { env: { PATH: '/x' } }],
    ['a list', { env: ['A=b'] }],
    ['the name that others use', { environmentVariables: { A: 'b' } }],
  ])('BAD-59: to start with an environment (%s) is env_not_allowed', async (_name, more) => {
    for (const from of [
      { from: 'agent', agent: 'claude', cwd: '/' },
      { from: 'command', argv: ['true'], cwd: '/' },
      { from: 'job', job: 'x' },
      { from: 'demo' },
    ]) {
      const reply = await ask(desk, 'runs.start', { ...from, requestId: 'r', ...more });
      expect(reply).toMatchObject({ t: 'err', error: { code: 'env_not_allowed' } });
    }
  });

  it('BAD-65: with a verb that this version does not have is told which version it is', async () => {
    const reply = await ask(desk, 'runs.teleport', {});
    expect(reply).toMatchObject({
      t: 'err',
      error: { code: 'unsupported', message: expect.stringContaining('daemon 1.2.3 speaks protocol') },
    });
    expect(await ask(desk, '__proto__', {})).toMatchObject({ t: 'err', error: { code: 'unsupported' } });
    expect(await ask(desk, 'constructor', {})).toMatchObject({ t: 'err', error: { code: 'unsupported' } });
  });

  it.each([
    ['runs.stop', {}, 'run'],
    ['runs.stop', { run: 5 }, 'run'],
    ['runs.stop', { run: 'x', extra: 1 }, 'extra'],
    ['runs.history', { limit: 0 }, 'limit'],
    ['runs.stop', null, 'arguments'],
    ['runs.stop', [], 'run'],
  ])('with wrong arguments (%s %j) is told which one', async (cmd, args, names) => {
    const reply = await ask(desk, cmd, args);
    expect(reply).toMatchObject({ t: 'err', error: { code: 'bad_arguments', message: expect.stringContaining(names) } });
  });
});
