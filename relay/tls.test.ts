/** TLS from files: what is spoken, what is refused, and a certificate that changes on disk while the relay runs. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateFor, createCa, type TestCa } from './test-certificates.ts';
import { startTestRelay, type TestRelay } from './test-relay.ts';

const HOST = 'relay.example.org';
let ca: TestCa;
let folder: string;
let relay: TestRelay;
const logged: { event: string; fields: Record<string, unknown> }[] = [];
let wake: () => void = () => undefined;

async function logs(event: string): Promise<Record<string, unknown>> {
  for (;;) {
    const at = logged.findIndex((line) => line.event === event);
    if (at >= 0) return logged.splice(at, 1)[0]!.fields;
    await new Promise<void>((next) => {
      wake = next;
    });
  }
}

async function put(name: string, days?: number): Promise<void> {
  const made = await certificateFor(ca, HOST, days);
  writeFileSync(join(folder, `${name}.key`), made.key);
  writeFileSync(join(folder, `${name}.crt`), made.cert);
}

beforeAll(async () => {
  ca = await createCa();
  folder = mkdtempSync(join(tmpdir(), 'clawtab-tls-'));
  await put('relay');
  relay = await startTestRelay(
    {
      PUBLIC_ORIGIN: `https://${HOST}`,
      TLS_CERT: join(folder, 'relay.crt'),
      TLS_KEY: join(folder, 'relay.key'),
      CLAWTAB_LIMITS: 'tlsCheckMs=50',
    },
    {
      log: (_, event, fields = {}) => {
        logged.push({ event, fields });
        wake();
      },
    },
  );
});
afterAll(async () => {
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
});

function dial(options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((done, failed) => {
    const socket = connect({ host: '127.0.0.1', port: relay.port, servername: HOST, ca: ca.cert, ...options }, () => done(socket));
    socket.on('error', failed);
  });
}
async function serial(): Promise<string> {
  const socket = await dial();
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
const health = (socket: TLSSocket): Promise<{ status: number | undefined; hsts: string | undefined }> =>
  new Promise((done, failed) => {
    const asked = request({ createConnection: () => socket, host: HOST, path: '/v1/meta' }, (reply) => {
      reply.resume();
      done({ status: reply.statusCode, hsts: reply.headers['strict-transport-security'] });
    });
    asked.on('error', failed);
    asked.end();
  });

describe('TLS from files', () => {
  it('speaks TLS 1.2 and 1.3, and tells browsers to stay with it', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await dial({ minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      const { status, hsts } = await health(socket);
      expect(status).toBe(200);
      expect(hsts).toMatch(/^max-age=\d{8}/);
      socket.destroy();
    }
  });

  it('SEC-01 refuses older versions', async () => {
    for (const version of ['TLSv1', 'TLSv1.1'] as const)
      await expect(dial({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(
        /alert|version|protocol/i,
      );
  });

  it('SEC-01 says nothing in the clear', async () => {
    await expect(fetch(`http://127.0.0.1:${relay.port}/v1/meta`)).rejects.toThrow();
  });

  it('takes a new certificate for new connections, and goes on with those that are open', async () => {
    const before = await serial();
    const open = await dial();
    await put('relay');
    await logs('tls_renewed');
    expect(await serial()).not.toBe(before);
    expect((await health(open)).status).toBe(200);
    open.destroy();
  });

  it('keeps the old one while the files do not belong together, are broken or have run out, and says so once', async () => {
    const before = await serial();
    logged.length = 0; // of moments when only one of the two files was new
    const stranger = await certificateFor(ca, HOST);
    writeFileSync(join(folder, 'relay.key'), stranger.key);
    expect((await logs('tls_not_renewed'))['why']).toMatch(/TLS_KEY: .*relay\.key does not belong/);
    writeFileSync(join(folder, 'relay.crt'), stranger.cert.slice(0, 200));
    expect((await logs('tls_not_renewed'))['why']).toMatch(/TLS_CERT: .*relay\.crt holds no certificate/);
    await put('relay', 0);
    expect((await logs('tls_not_renewed'))['why']).toMatch(/expired/);
    expect(await serial()).toBe(before);
    expect(logged.filter((line) => line.event === 'tls_not_renewed')).toEqual([]);
  });

  it('follows a symbolic link that is swapped', async () => {
    const before = await serial();
    await put('next');
    for (const end of ['crt', 'key']) {
      rmSync(join(folder, `relay.${end}`));
      symlinkSync(join(folder, `next.${end}`), join(folder, `relay.${end}`));
    }
    await logs('tls_renewed');
    expect(await serial()).not.toBe(before);
  });
});
