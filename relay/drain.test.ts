/** a relay that is told to stop. Clients are told to come back, each at another time; what is under way arrives; nothing new begins; the process ends. */
import { afterEach, describe, expect, it } from 'vitest';
import { FRAME } from '../shared/frame.ts';
import { SUBPROTOCOL } from '../shared/version.ts';
import { sendRaw } from './test-http.ts';
import { addDevice, signUp, startTestRelay, type TestRelay } from './test-relay.ts';
import { dataFrame, joined, textOf } from './test-socket.ts';

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
  `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
  '\r\n',
].join('\r\n');

let relay: TestRelay;
afterEach(() => relay.stop());

describe('a relay that stops', () => {
  it('tells every socket when to come back, spread over the time, and closes with “draining”', async () => {
    relay = await startTestRelay();
    const home = await signUp(relay.origin);
    const sockets = [(await joined(relay.origin, home.phone)).socket];
    for (let i = 0; i < 6; i++) sockets.push((await joined(relay.origin, await addDevice(relay.origin, home))).socket);
    const drained = relay.drain(10_000);
    const delays: number[] = [];
    for (const socket of sockets) {
      delays.push(Number((await socket.frame(FRAME.drain)).json()['afterMs']));
      expect(await socket.ending()).toEqual({ code: 4503, reason: 'draining' });
    }
    await drained;
    expect(new Set(delays).size).toBeGreaterThan(3);
    expect(delays.filter((ms) => ms < 0 || ms >= 10_000)).toEqual([]);
  });

  it('still carries what is under way, and takes nothing new', async () => {
    relay = await startTestRelay();
    const home = await signUp(relay.origin);
    const machine = await joined(relay.origin, await addDevice(relay.origin, home));
    const phone = await joined(relay.origin, home.phone);
    // A connection from before that says the rest of what it wants only now; a new one does not get in at all.
    let finish: () => void = () => undefined;
    const late = sendRaw(relay.origin, `GET /v1/ws HTTP/1.1\r\nHost: ${new URL(relay.origin).host}\r\n`, (write) => {
      finish = () => write(UPGRADE);
    });
    await addDevice(relay.origin, home);
    const drained = relay.drain();
    await phone.socket.frame(FRAME.drain);
    phone.socket.send(dataFrame(machine.connection, 'the answer'));
    const got = await machine.socket.until(() => machine.socket.frames.find((f) => f.type === FRAME.data));
    expect(textOf(got)).toBe('the answer');
    finish();
    const refused = await late;
    expect([refused.status, refused.code]).toEqual([503, 'draining']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await expect(fetch(`${relay.origin}/healthz`)).rejects.toThrow();
    await drained;
  });
});
