/** BAD-70 to BAD-75 of the contract: an environment that cannot be meant. Every refusal is exit 3 and names its variable, none shows a secret. What the database itself refuses is store.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClawError, errorRow } from '../shared/errors.ts';
import { type Environment, readConfig } from './config.ts';
import { appleKey } from './push/test-apns.ts';
import { certificateFor, createCa } from './test-certificates.ts';
import { startTestRelay } from './test-relay.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clawtab-config-'));
  const ca = await createCa();
  const good = await certificateFor(ca, 'relay.example.org');
  const other = await certificateFor(ca, 'relay.example.org');
  const old = await certificateFor(ca, 'relay.example.org', 0);
  const files = {
    'good.crt': good.cert,
    'good.key': good.key,
    'other.key': other.key,
    'old.crt': old.cert,
    'old.key': old.key,
    'bundle.crt': `${ca.cert}\n${good.cert}`,
    'chain.crt': `${good.cert}\n${ca.cert}`,
    'empty.pem': '',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(file(name), content);
  mkdirSync(file('folder'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function refusal(env: Environment): ClawError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ClawError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

/** Exit 3, the variable's name in front, a way out. */
function expectRefused(env: Environment, names: RegExp, hint: RegExp): ClawError {
  const error = refusal(env);
  expect(errorRow(error.code).exit).toBe(3);
  expect(error.message).toMatch(names);
  expect(error.hint).toMatch(hint);
  return error;
}

const OUTSIDE = { LISTEN: '0.0.0.0:7300', PUBLIC_ORIGIN: 'https://relay.example.org', TRUST_PROXY: '1' };

describe('the relay’s environment', () => {
  it('needs nothing at all on one machine', () => {
    const config = readConfig({ HOME: '/home/someone' });
    expect(config).toMatchObject({ publicOrigin: null, databaseUrl: null, tls: null, trustProxy: 0, warnings: [] });
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 7300 });
  });

  it('may be reached from outside behind a proxy, or with a certificate of its own', () => {
    expect(readConfig(OUTSIDE).publicOrigin).toBe('https://relay.example.org');
    const tls = { TLS_CERT: file('chain.crt'), TLS_KEY: file('good.key') };
    expect(readConfig({ ...OUTSIDE, TRUST_PROXY: '', ...tls }).tls).toEqual({ certFile: file('chain.crt'), keyFile: file('good.key') });
  });

  it.each(['0.0.0.0:7300', '[::]:7300', '192.168.1.5:7300', '10.0.0.1:80'])('SEC-01 does not listen on %s in the clear', (listen) => {
    expectRefused({ LISTEN: listen, PUBLIC_ORIGIN: 'https://relay.example.org' }, /^LISTEN=/, /TLS_CERT and TLS_KEY, or TRUST_PROXY=1/);
  });

  it.each(['mysql://u:hunter2@h/d', 'clawtab', 'https://u:hunter2@h/d', 'postgres//u:hunter2@h'])('BAD-70 DATABASE_URL=%s', (url) => {
    const error = expectRefused({ DATABASE_URL: url }, /^DATABASE_URL /, /postgres:\/\/user:password@host/);
    expect(`${error.message} ${error.hint}`).not.toContain('hunter2');
  });

  it.each([
    ['http://relay.example.org', /https:\/\/relay\.example\.org/],
    ['https://relay.example.org/', /PUBLIC_ORIGIN=https:\/\/relay\.example\.org\.$/],
    ['https://relay.example.org/path', /PUBLIC_ORIGIN=https:\/\/relay\.example\.org\.$/],
    ['https://203.0.113.9', /example/],
    ['https://[2001:db8::1]', /example/],
    ['https://*.example.org', /without path, name or wildcard/],
    ['https://user@relay.example.org', /without path, name or wildcard/],
    ['https://relay.example.org?x', /without path/],
    ['wss://relay.example.org', /https:/],
    ['relay.example.org', /https:/],
  ])('BAD-71 PUBLIC_ORIGIN=%s', (origin, hint) => {
    expectRefused({ PUBLIC_ORIGIN: origin }, /^PUBLIC_ORIGIN /, hint);
  });

  it('BAD-71 PUBLIC_ORIGIN missing where the relay is reached from outside', () => {
    expectRefused({ ...OUTSIDE, PUBLIC_ORIGIN: '' }, /^PUBLIC_ORIGIN is not set/, /PUBLIC_ORIGIN=https:/);
  });

  it.each([
    ['missing.crt', 'good.key', /^TLS_CERT: .*missing\.crt cannot be read \(ENOENT\)/],
    ['good.crt', 'missing.key', /^TLS_KEY: .*missing\.key cannot be read \(ENOENT\)/],
    ['folder', 'good.key', /^TLS_CERT: .*folder cannot be read \(EISDIR\)/],
    ['empty.pem', 'good.key', /^TLS_CERT: .*empty\.pem holds no certificate/],
    ['good.crt', 'empty.pem', /^TLS_KEY: .*empty\.pem holds no private key/],
    ['good.crt', 'other.key', /^TLS_KEY: .*other\.key does not belong/],
    ['bundle.crt', 'good.key', /^TLS_CERT: .*bundle\.crt begins with an issuer/],
    ['old.crt', 'old.key', /^TLS_CERT: .*old\.crt expired on/],
  ])('BAD-72 TLS_CERT=%s TLS_KEY=%s', (cert, key, names) => {
    expectRefused({ TLS_CERT: file(cert), TLS_KEY: file(key), PUBLIC_ORIGIN: 'https://relay.example.org' }, names, /\S/);
  });

  it('BAD-72 one of the two files alone', () => {
    expectRefused({ TLS_CERT: file('good.crt') }, /^TLS_KEY is not set/, /both, or neither/);
    expectRefused({ TLS_KEY: file('good.key') }, /^TLS_CERT is not set/, /both, or neither/);
  });

  it.each(['7300', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:x', ':7300', '127.0.0.1:-1', '127.0.0.1:7300x'])(
    'BAD-73 LISTEN=%s',
    (listen) => {
      expectRefused({ LISTEN: listen }, /^LISTEN /, /LISTEN=127\.0\.0\.1:7300/);
    },
  );

  it('BAD-73 a busy port, and an address that is not this machine’s', async () => {
    const first = await startTestRelay();
    try {
      const busy = startTestRelay({ LISTEN: `127.0.0.1:${first.port}` });
      await expect(busy).rejects.toMatchObject({ code: 'address_in_use', message: expect.stringContaining(`127.0.0.1:${first.port}`) });
      const elsewhere = startTestRelay({ LISTEN: '203.0.113.7:7300', PUBLIC_ORIGIN: 'https://relay.example.org', TRUST_PROXY: '1' });
      await expect(elsewhere).rejects.toMatchObject({
        code: 'config_listen',
        message: expect.stringContaining('no address of this machine'),
      });
    } finally {
      await first.stop();
    }
  });

  it.each(['short', 'x'.repeat(44), `${'x'.repeat(42)}!`, '-----BEGIN PRIVATE KEY-----'])('BAD-74 VAPID_PRIVATE_KEY=%s', (key) => {
    const error = expectRefused({ VAPID_PRIVATE_KEY: key }, /^VAPID_PRIVATE_KEY /, /npx web-push generate-vapid-keys/);
    expect(error.message).not.toContain(key);
  });

  it.each([
    'you@example.org',
    'mailto:you',
    'mailto:you@localhost',
    'http://example.org',
    'https://localhost',
    'mailto:<you@example.org>',
    'tel:1',
  ])('BAD-74 VAPID_SUBJECT=%s', (subject) => {
    expectRefused({ VAPID_SUBJECT: subject }, /^VAPID_SUBJECT /, /mailto:you@example\.org/);
  });

  it.each(['yes', '-1', '10', '1.5', 'loopback'])('TRUST_PROXY=%s', (count) => {
    expectRefused({ TRUST_PROXY: count }, /^TRUST_PROXY /, /TRUST_PROXY=1/);
  });

  it.each(['nosuch=1', 'hashJobs', 'hashJobs=0', 'hashJobs=x', 'leaseS=1e3', '__proto__=1'])('CLAWTAB_LIMITS=%s', (limits) => {
    expectRefused({ CLAWTAB_LIMITS: limits }, /^CLAWTAB_LIMITS/, /\S/);
  });

  it.each([
    ['NATS_URL', { NATS_URL: 'http://n:4222', DATABASE_URL: 'postgres://h/d', VAPID_PRIVATE_KEY: 'x'.repeat(43) }, /^NATS_URL /],
    ['NATS_URL without DATABASE_URL', { NATS_URL: 'nats://n:4222' }, /^NATS_URL .*DATABASE_URL/],
    ['NATS_URL without VAPID_PRIVATE_KEY', { NATS_URL: 'nats://n:4222', DATABASE_URL: 'postgres://h/d' }, /^NATS_URL .*VAPID_PRIVATE_KEY/],
    ['CLAWTAB_STATE', { CLAWTAB_STATE: 'relative/path' }, /^CLAWTAB_STATE /],
    ['CLAWTAB_PUSH_HOSTS', { CLAWTAB_PUSH_HOSTS: 'https://x' }, /^CLAWTAB_PUSH_HOSTS /],
    ['PAGE_ORIGINS', { PAGE_ORIGINS: 'https://ok.example.org,http://not.example.org' }, /^PAGE_ORIGINS /],
  ])('%s', (_, env, names) => {
    expectRefused(env, names, /\S/);
  });

  it('BAD-75 warns of a CLAWTAB_ variable that nobody reads, with the ones there are', () => {
    const { warnings } = readConfig({ CLAWTAB_LIMIT: 'x', CLAWTAB_JOB_NAME: 'not the relay’s' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^CLAWTAB_LIMIT is not known.*CLAWTAB_LIMITS/);
  });
});

describe('Apple’s key for native apps', () => {
  const apns = (change: Record<string, string>): Environment => {
    writeFileSync(file('apple.p8'), appleKey().pem);
    writeFileSync(file('apple-384.p8'), appleKey('P-384').pem);
    const whole = { APNS_KEY: file('apple.p8'), APNS_KEY_ID: 'ABC123DEFG', APNS_TEAM_ID: 'DEF123GHIJ', APNS_TOPIC: 'org.example.clawtab' };
    return { ...whole, ...change };
  };

  it('is read whole, or not at all', () => {
    expect(readConfig({}).apns).toBeNull();
    expect(readConfig(apns({})).apns).toMatchObject({ keyId: 'ABC123DEFG', teamId: 'DEF123GHIJ', topic: 'org.example.clawtab' });
  });

  it.each([
    [{ APNS_KEY: '' }, /^APNS_KEY is not set/, /or none/],
    [{ APNS_KEY_ID: '' }, /^APNS_KEY_ID is not set/, /or none/],
    [{ APNS_TEAM_ID: '' }, /^APNS_TEAM_ID is not set/, /or none/],
    [{ APNS_TOPIC: '' }, /^APNS_TOPIC is not set/, /or none/],
    [{ APNS_KEY_ID: 'abc' }, /^APNS_KEY_ID is not ten/, /developer\.apple\.com/],
    [{ APNS_TEAM_ID: 'ABC123DEFGH' }, /^APNS_TEAM_ID is not ten/, /developer\.apple\.com/],
    [{ APNS_TOPIC: 'clawtab' }, /^APNS_TOPIC is not the bundle id/, /org\.example\.clawtab/],
    [{ APNS_TOPIC: 'a.b\r\nx' }, /^APNS_TOPIC is not the bundle id/, /org\.example\.clawtab/],
    [{ APNS_KEY: 'missing' }, /^APNS_KEY: .*missing cannot be read \(ENOENT\)/, /\.p8/],
    [{ APNS_KEY: 'folder' }, /^APNS_KEY: .*folder cannot be read/, /\.p8/],
    [{ APNS_KEY: 'good.crt' }, /^APNS_KEY: .*good\.crt holds no private key/, /as Apple gave it/],
    [{ APNS_KEY: 'apple-384.p8' }, /^APNS_KEY: the key in .*apple-384\.p8 is not on P-256/, /as Apple gave it/],
  ])('is refused as %j', (change, names, hint) => {
    const given = 'APNS_KEY' in change && change.APNS_KEY ? { APNS_KEY: file(change.APNS_KEY) } : change;
    expectRefused(apns(given as Record<string, string>), names, hint);
  });
});
