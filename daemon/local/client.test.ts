import * as net from 'node:net';
import * as path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { decodeWire, encodeMessage } from '../../shared/wire.ts';
import { openState } from '../state.ts';
import { makePlace } from '../test-daemon.ts';
import { LocalClient } from './client.ts';
import { frameLocal, LocalFrames } from './framing.ts';

const place = makePlace();
afterEach(() => place.remove());

it('takes a daemon that ends in the middle of the greeting for one that does not run', async () => {
  const { daemonSocket, sockets } = openState(place.env);
  const server = net.createServer((socket) => {
    const frames = new LocalFrames();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) =>
      frames.push(chunk, (bytes) => {
        const wire = decodeWire(bytes);
        if (wire.kind !== 'message' || wire.message.t !== 'req') return;
        // The challenge that it names went with it.
        const result = { challenge: path.join(sockets, `caller-${'0'.repeat(32)}`) };
        socket.write(frameLocal(encodeMessage({ t: 'res', id: wire.message.id, ok: true, result })));
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(daemonSocket, resolve));
  await expect(LocalClient.connect(daemonSocket)).rejects.toMatchObject({ code: 'not_running' });
  await new Promise((resolve) => server.close(resolve));
});
