/**
 * Every frame type on every kind of socket, from the table: what a stranger, a socket whose hello is being checked, a member and a member without a lease may
 * send, and with which code everything else ends.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../shared/bytes.ts';
import { errorRow } from '../shared/errors.ts';
import { CLASS, encodeFrame, FRAME } from '../shared/frame.ts';
import { mintToken } from './auth/token.ts';
import { FRAME_POLICY } from './frames.ts';
import { addDevice, signUp, startTestRelay, type TestHousehold, type TestMember, type TestRelay } from './test-relay.ts';
import { helloOf, joined, OPCODE, TestSocket, wireFrame } from './test-socket.ts';

const TYPES = Object.keys(FRAME) as (keyof typeof FRAME)[];
let relay: TestRelay;
let home: TestHousehold;
let daemon: TestMember;

beforeAll(async () => {
  relay = await startTestRelay({ CLAWTAB_LIMITS: 'helloPerIp=1000' });
  home = await signUp(relay.origin);
  daemon = await addDevice(relay.origin, home);
});
afterAll(() => relay.stop());

const frame = (type: keyof typeof FRAME, payload: Uint8Array = utf8('{}')): Uint8Array =>
  encodeFrame(FRAME[type], CLASS.control, 7, payload);
/** An answer shows that the socket lives on. */
async function alive(socket: TestSocket): Promise<void> {
  socket.frames.length = 0;
  socket.send(encodeFrame(FRAME.ping, CLASS.control, 0, utf8('alive?')));
  await socket.until(() => socket.frames.find((f) => f.type === FRAME.pong && f.payload.toString() === 'alive?'));
}

describe('the table of frames', () => {
  it('says of every type who may send it', () => {
    expect(Object.keys(FRAME_POLICY).sort()).toEqual([...TYPES].sort());
    expect(TYPES.filter((type) => FRAME_POLICY[type] === 'stranger')).toEqual(['hello']);
  });
});

describe.each(TYPES)('a %s frame', (type) => {
  const policy = FRAME_POLICY[type];

  it('from a stranger ends the socket unless it is a hello that holds', async () => {
    const socket = await TestSocket.open(relay.origin);
    socket.send(frame(type));
    expect(await socket.ending()).toEqual({ code: 4400, reason: policy === 'stranger' ? 'bad_frame' : 'hello_expected' });
    expect(socket.frames.some((f) => f.type === FRAME.welcome)).toBe(false);
  });

  it('is not taken while the hello is being checked', async () => {
    const socket = await TestSocket.open(relay.origin);
    const hello = encodeFrame(FRAME.hello, CLASS.control, 0, utf8(JSON.stringify(await helloOf(socket, relay.origin, daemon))));
    socket.write(Buffer.concat([hello, frame(type)].map((each) => wireFrame(OPCODE.binary, each))));
    expect(await socket.ending()).toEqual({ code: 4400, reason: policy === 'stranger' ? 'already_authenticated' : 'hello_expected' });
    expect(socket.frames.some((f) => f.type === FRAME.welcome)).toBe(false);
  });

  it(policy === 'member' ? 'from a member is taken' : 'from a member ends the socket', async () => {
    const { socket } = await joined(relay.origin, daemon);
    if (policy !== 'member') {
      socket.send(frame(type));
      expect(await socket.ending()).toEqual({ code: 4400, reason: policy === 'stranger' ? 'already_authenticated' : 'bad_envelope' });
    } else if (type === 'renew') {
      const { relayToken, sig } = await helloOf(socket, relay.origin, daemon);
      socket.say(FRAME.renew, { relayToken, sig });
      await socket.frame(FRAME.renewed);
    } else {
      socket.send(frame(type));
      await alive(socket);
    }
    socket.destroy();
  });
});

describe('SEC-49 the two frames that carry a credential', () => {
  const credentials: [name: string, code: string, token: () => Promise<string>][] = [
    ['none', 'malformed_token', async () => ''],
    ['one that never was', 'relay_token_unknown', async () => (await mintToken('relay')).token],
    ['a session token', 'wrong_token_type', () => daemon.tokens.session()],
    ['a device token', 'wrong_token_type', async () => daemon.held()!],
    ['a relay token used before', 'relay_token_unknown', used],
  ];
  async function used(): Promise<string> {
    const socket = await TestSocket.open(relay.origin);
    const hello = await helloOf(socket, relay.origin, daemon);
    socket.say(FRAME.hello, hello);
    await socket.frame(FRAME.welcome);
    socket.destroy();
    return String(hello['relayToken']);
  }

  it.each(credentials)('a hello with %s ends as %s', async (_, code, token) => {
    const relayToken = await token();
    const socket = await TestSocket.open(relay.origin);
    socket.say(FRAME.hello, await helloOf(socket, relay.origin, daemon, { relayToken }));
    const { reason, code: close } = await socket.ending();
    expect([reason, close]).toEqual([code, errorRow(code).close]);
    daemon.tokens.forget();
  });

  it.each(credentials)('a renewal with %s ends as %s', async (_, code, token) => {
    const relayToken = await token();
    daemon.tokens.forget();
    const { socket } = await joined(relay.origin, daemon);
    const shown = code === 'wrong_token_type' ? await token() : relayToken;
    const { sig } = await helloOf(socket, relay.origin, daemon, { relayToken: shown });
    socket.say(FRAME.renew, { relayToken: shown, sig });
    // A token of the wrong kind ends every socket of the device, this one among them, by whichever way is faster.
    expect([code, ...(code === 'wrong_token_type' ? ['token_revoked'] : [])]).toContain((await socket.ending()).reason);
    daemon.tokens.forget();
  });
});
