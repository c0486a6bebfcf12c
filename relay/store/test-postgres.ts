/** A PostgreSQL such as an operator has: on TCP of this machine, with a password and an ordinary role. It can be stopped, frozen and started again. Not part of the product. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { randomId } from '../../shared/bytes.ts';
import { databaseDirs, place } from './embedded-place.ts';

export interface TestPostgres {
  /** Of an ordinary role that owns its database. */
  url: string;
  /** As the superuser, for looking at what lies there. */
  admin: Sql;
  /** Folder of the cluster. */
  data: string;
  pid(): number;
  start(): Promise<void>;
  /** `SIGINT`: at once, in order. `SIGQUIT`: as if the machine had lost power. */
  stop(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>;
  remove(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const state = mkdtempSync(join(tmpdir(), 'clawtab-pg-'));
  const at = place(state);
  const as = at.owner ? { uid: at.owner.uid, gid: at.owner.gid } : {};
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const password = randomId();
  const data = join(at.base, 'data');
  const secret = join(at.base, 'password');
  writeFileSync(secret, password, { mode: 0o600 });
  if (at.owner) chownSync(secret, at.owner.uid, at.owner.gid);
  execFileSync(
    join(at.native, 'bin/initdb'),
    ['-D', data, '-U', 'admin', '-E', 'UTF8', '--locale=C', '-A', 'scram-sha-256', `--pwfile=${secret}`],
    {
      ...as,
      env,
      cwd: at.base,
      stdio: 'ignore',
    },
  );
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${at.sockets}`,
    'shared_buffers=16MB',
    'jit=off',
    'max_connections=60',
    'io_method=sync',
    'fsync=off',
  ];
  let child: ChildProcess | null = null;
  const admin = postgres({ host: '127.0.0.1', port, user: 'admin', password, database: 'postgres', max: 2, onnotice: () => undefined });
  const self: TestPostgres = {
    url: `postgres://clawtab:${password}@127.0.0.1:${port}/clawtab`,
    admin,
    data,
    pid: () => child!.pid!,
    async start() {
      child = spawn(join(at.native, 'bin/postgres'), ['-D', data, ...settings.flatMap((s) => ['-c', s])], {
        ...as,
        env,
        cwd: at.base,
        stdio: 'ignore',
      });
      for (let tries = 0; ; tries++) {
        try {
          await admin`select 1`;
          return;
        } catch (error) {
          if (tries > 200 || child.exitCode !== null) throw error;
          await new Promise((again) => setTimeout(again, 50));
        }
      }
    },
    async stop(signal = 'SIGINT') {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((exited) => child!.once('exit', exited));
      child.kill(signal);
      await gone;
    },
    async remove() {
      await admin.end({ timeout: 1 });
      await self.stop();
      for (const dir of databaseDirs(state)) rmSync(dir, { recursive: true, force: true });
      rmSync(state, { recursive: true, force: true });
    },
  };
  await self.start();
  await admin.unsafe(`create role clawtab login password '${password}'`);
  await admin.unsafe('create database clawtab owner clawtab');
  return self;
}
