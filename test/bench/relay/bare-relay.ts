/**
 * The reference of the relay bench: the least that can forward frames with the `ws` package. No authentication, no limits, no corking. A client's
 * first message is its own id (u32); each later one is a product frame whose peer field is swapped and which is sent on.
 */
import { WebSocket, WebSocketServer } from 'ws';
import { readPeer, writePeer } from '../../../shared/frame.ts';

const sockets = new Map<number, WebSocket>();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, maxPayload: 256 * 1024 });

server.on('connection', (socket) => {
  let id: number | undefined;
  socket.on('message', (data: Buffer) => {
    if (id === undefined) {
      id = data.readUInt32BE(0);
      sockets.set(id, socket);
      socket.send(data);
      return;
    }
    const target = sockets.get(readPeer(data));
    if (target?.readyState !== WebSocket.OPEN) return;
    writePeer(data, id);
    target.send(data);
  });
  socket.on('close', () => id !== undefined && sockets.delete(id));
  socket.on('error', () => socket.terminate());
});

server.on('listening', () => {
  const address = server.address();
  if (address && typeof address === 'object')
    process.stdout.write(`${JSON.stringify({ event: 'listening', origin: `http://127.0.0.1:${address.port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
