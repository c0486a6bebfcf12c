/** The command line as people mistype it: one clear sentence, the way out, the documented exit code. */
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clawtab } from './test-cli.ts';
import { makePlace, type Place } from './test-daemon.ts';

let place: Place;
beforeAll(() => {
  place = makePlace();
  fs.writeFileSync(path.join(place.dir, 'plain-file'), '#!/bin/sh\n', { mode: 0o644 });
});
afterAll(() => place.remove());

const cli = (args: readonly string[], env: NodeJS.ProcessEnv = {}, input = '', cwd = place.dir) =>
  clawtab(place, args, { env, input, cwd });

const ROWS: { name: string; args: string[]; code: number; says: string[]; env?: NodeJS.ProcessEnv }[] = [
  { name: 'BAD-66: nothing', args: [], code: 2, says: ['Usage: clawtab'] },
  {
    name: 'BAD-67: a command without its argument',
    args: ['attach'],
    code: 2,
    says: ["missing required argument 'run'", 'try: clawtab attach --help'],
  },
  { name: 'BAD-66: an unknown command', args: ['frobnicate'], code: 2, says: ['There is no command “frobnicate”', 'try: clawtab --help'] },
  { name: 'BAD-66: a typo', args: ['questoins'], code: 2, says: ['try: clawtab questions'] },
  { name: 'BAD-66: help about a typo', args: ['help', 'jbos'], code: 2, says: ['“jbos”', 'try: clawtab jobs'] },
  {
    name: 'a way out where a usage error names none',
    args: ['policies', 'allow', '--for', 'abc', '--', 'ls'],
    code: 2,
    says: ['--for takes a time', 'try: clawtab policies allow --help'],
  },
  {
    name: 'a count that is none',
    args: ['jobs', 'history', '-n', 'abc'],
    code: 2,
    says: ["'abc' is invalid", 'try: clawtab jobs history --help'],
  },
  { name: 'a job name that is none', args: ['jobs', 'add', 'X', '--', 'ls'], code: 2, says: ['“X” is no job name', 'Lower-case letters'] },
  {
    name: 'a time limit that is none',
    args: ['jobs', 'add', 'x', '--timeout', '-5', '--', 'ls'],
    code: 2,
    says: ['--timeout takes a whole number from 1'],
  },
  {
    name: 'a job with an environment file that is not there',
    args: ['jobs', 'add', 'x', '--environment', 'none.env', '--', 'ls'],
    code: 3,
    says: ['There is no environment file', 'none.env'],
  },
  {
    name: 'a job in a directory that is not there',
    args: ['jobs', 'add', 'x', '--cwd', 'nowhere', '--', 'ls'],
    code: 2,
    says: ['nowhere does not exist'],
  },
  {
    name: 'a job with node’s own flag',
    args: ['jobs', 'add', 'x', '--env-file', 'plain-file', '--', 'ls'],
    code: 2,
    says: ['Node takes --env-file for itself', '--environment plain-file'],
  },
  {
    name: 'a rule for a schedule that there is none of',
    args: ['jobs', 'add', 'x', '--time-zone', 'UTC', '--', 'ls'],
    code: 2,
    says: ['--time-zone is about scheduled runs', '--cron'],
  },
  {
    name: 'an origin that is none',
    args: ['up', '--port', '0', '--origin', 'foo'],
    code: 3,
    says: ['The relay did not start (exit 3): PUBLIC_ORIGIN', 'try: For example PUBLIC_ORIGIN='],
  },
  { name: 'BAD-66: a typo of a word below another command', args: ['stauts'], code: 2, says: ['try: clawtab daemon status'] },
  {
    name: 'BAD-66: a typo below a command that has a default',
    args: ['jobs', 'histroy'],
    code: 2,
    says: ['“jobs histroy”', 'try: clawtab jobs history'],
  },
  { name: 'BAD-67: an unknown flag', args: ['questions', '--wacth'], code: 2, says: ["unknown option '--wacth'", '--watch'] },
  { name: 'BAD-67: a flag without its value', args: ['login', '--relay'], code: 2, says: ["option '--relay <address>' argument missing"] },
  { name: 'BAD-67: a port that is no number', args: ['up', '--port', 'abc'], code: 2, says: ['--port takes a number', 'abc'] },
  { name: 'BAD-67: a port out of range', args: ['up', '--port', '70000'], code: 2, says: ['0 to 65535'] },
  {
    name: 'BAD-67: an option given twice',
    args: ['run', '--name', 'a', '--name', 'b', '--', 'true'],
    code: 2,
    says: ["option '--name <name>' was given twice"],
  },
  {
    name: 'BAD-68: an agent that may not be executed',
    args: ['run', '--', './plain-file'],
    code: 127,
    says: ['may not be executed', 'chmod +x'],
  },
  {
    name: 'BAD-69: a HOME that cannot be written',
    args: ['questions'],
    code: 3,
    says: ['Cannot create', 'CLAWTAB_STATE'],
    env: { HOME: '/dev/null', CLAWTAB_STATE: '' },
  },
  { name: 'BAD-68: run without a command', args: ['run'], code: 2, says: ["missing required argument 'command'"] },
  {
    name: 'BAD-68: an agent that is not installed',
    args: ['run', '--', 'no-such-agent'],
    code: 127,
    says: ['"no-such-agent" was not found', 'PATH searched'],
  },
  { name: 'BAD-69: no HOME', args: ['questions'], code: 3, says: ['HOME is not set'], env: { HOME: '', CLAWTAB_STATE: '' } },
  {
    name: 'BAD-69: a relative state directory',
    args: ['questions'],
    code: 3,
    says: ['must be an absolute path'],
    env: { CLAWTAB_STATE: 'here' },
  },
  { name: 'no daemon', args: ['questions'], code: 5, says: ['The daemon is not running', 'try: Start it with `clawtab daemon start`'] },
  {
    name: 'a relay without TLS',
    args: ['login', '--relay', 'http://example.com'],
    code: 3,
    says: ['is not encrypted', 'https://example.com'],
  },
  { name: 'a relay that is no address', args: ['login', '--relay', 'example'], code: 2, says: ['is not the address of a relay'] },
  { name: 'login without a relay', args: ['login'], code: 2, says: ['--relay'] },
  { name: 'a run that is not there', args: ['jobs', 'logs', 'nothing-like-it'], code: 1, says: ['There is no run "nothing-like-it"'] },
  { name: 'a job of both kinds', args: ['jobs', 'add', 'x', '--agent', 'claude', '--', 'ls'], code: 2, says: ['either an agent'] },
  { name: 'edit of a job that is not there', args: ['jobs', 'edit', 'nothing'], code: 1, says: ['There is no job “nothing”'] },
  { name: 'a job name that is a path', args: ['jobs', 'edit', '../etc'], code: 2, says: ['is no job name'] },
];

describe('the command line', () => {
  it('BAD-67: leaves everything behind -- to the command', async () => {
    const ran = await cli(['run', '--', 'sh', '-c', 'echo "$@"', 'sh', '--name', '--', '-h', '--name']);
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('--name -- -h --name') });
  });

  it('BAD-69: runs without a terminal, with TERM=dumb, LC_ALL=C, in a folder with blanks, a line break and an emoji', async () => {
    const cwd = path.join(place.dir, 'a b\n\u{1f680}');
    fs.mkdirSync(cwd);
    const ran = await cli(['run', '--', 'sh', '-c', 'test "$TERM" = dumb && ls ..'], { TERM: 'dumb', LC_ALL: 'C' }, '', cwd);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('plain-file');
    expect(ran.out).not.toContain('\x1b[');
  });

  it('takes answers from a pipe, a line each', async () => {
    const ran = await cli(['login', '--relay', 'http://127.0.0.1:9'], {}, 'ada@example.org\na long password\n');
    expect(ran).toMatchObject({ code: 5, out: 'Signing in …\n' });
    expect(ran.err).toContain('E-mail: \nPassword: \nclawtab: ');
    const short = await cli(['login', '--relay', 'http://127.0.0.1:9'], {}, 'ada@example.org\n');
    expect(short).toMatchObject({ code: 2, err: expect.stringContaining('The input ended before the answer.') });
  });

  it('says what is so on standard output', async () => {
    expect(await cli(['help', 'jobs', 'add'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Usage: clawtab jobs add[\s\S]*--environment <file>/),
    });
    expect(await cli(['logout'])).toMatchObject({ code: 0, out: 'This machine was not signed in.\n' });
  });

  it.each(ROWS)('$name', async ({ args, code, says, env }) => {
    const ran = await cli(args, env);
    for (const text of says) expect(ran.err).toContain(text);
    expect(ran.code).toBe(code);
    expect(ran.err).not.toMatch(/\n\s+at /);
  });

  it('helps with one command as that command does itself', async () => {
    const asked = await cli(['help', 'jobs']);
    expect(asked).toMatchObject({ code: 0, out: (await cli(['jobs', '--help'])).out });
    expect(asked.out).toContain('clawtab jobs add nightly');
  });

  it('BAD-75: warns of a variable that is nearly one of ours', async () => {
    const ran = await cli(['daemon', 'status'], { CLAWTAB_STATES: '/tmp/x' });
    expect(ran.err).toContain('CLAWTAB_STATES is not known; did you mean CLAWTAB_STATE?');
  });

  it('BAD-73: names the way out where the port is taken', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as net.AddressInfo;
    const ran = await cli(['up', '--port', String(port)]);
    expect(ran.err).toContain(`Port ${port} on 127.0.0.1 is taken by another program`);
    expect(ran.err).toContain(`--port ${port + 1}`);
    expect(ran.code).toBe(5);
    other.close();
  });

  it('takes a wrong password and a relay that is away for what they are', async () => {
    const ran = await cli(['login', '--relay', 'http://127.0.0.1:1', '--email', 'a@b.c'], {}, 'some password\n');
    expect(ran).toMatchObject({ code: 5, err: expect.stringContaining('does not answer') });
    const bad = await cli(['login', '--relay', 'http://127.0.0.1:1', '--email', 'nothing'], {}, 'x\n');
    expect(bad).toMatchObject({ code: 2, err: expect.stringContaining('is no e-mail address') });
  });
});
