/** BAD-76 to BAD-78 of the contract: files and sockets of the state directory that are not what they should be. Each is refused by name, and left as it lies. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAccount, createDevice } from '../shared/test-devices.ts';
import { fileTokenStore, readMembership, writeDeviceToken, writeMembership } from './account/account-files.ts';
import { accountDir, openDeviceKey } from './account/device-key.ts';
import { DeviceBook } from './device-book.ts';
import { JobFiles } from './jobs/job-files.ts';
import { assertNoDaemon } from './local/server.ts';
import { Pairing } from './pairing.ts';
import { Policies } from './policies/policies.ts';
import { readSettings } from './settings.ts';
import { MAX_SOCKET_PATH_BYTES, openState, type State } from './state.ts';
import { clawtab } from './test-cli.ts';
import { makePlace, type Place, spawnDaemon } from './test-daemon.ts';

let place: Place;
let state: State;
beforeEach(() => {
  place = makePlace();
  state = openState(place.env);
});
afterEach(() => {
  vi.restoreAllMocks();
  place.remove();
});

/** Everything but the last byte, everything but the last two, … nothing. */
const truncated = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, length) => bytes.subarray(0, length));

/** Nothing can be written in `dir` meanwhile; root could all the same, so it is nobody for the moment. */
function unwritable(dir: string, task: () => void): void {
  const root = process.geteuid?.() === 0;
  fs.chmodSync(dir, 0o500);
  if (root) process.seteuid!(65534);
  try {
    task();
  } finally {
    if (root) process.seteuid!(0);
    fs.chmodSync(dir, 0o700);
  }
}

describe('BAD-76: the settings', () => {
  const set = (text: string | Buffer, mode = 0o600): void => {
    fs.writeFileSync(state.config, text);
    fs.chmodSync(state.config, mode);
  };
  const refused = (code: string, says: string) =>
    expect(() => readSettings(state)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(says) }));

  it.each([
    ['empty', ''],
    ['with a byte order mark', '\ufeffname = "desk"\n'],
    ['with line ends of Windows', '# of mine\r\nname = "desk"\r\nroots = ["/x"]\r\n'],
  ])('%s are taken', (_name, text) => {
    set(text);
    expect(() => readSettings(state)).not.toThrow();
    if (text !== '') expect(readSettings(state).name).toBe('desk');
  });

  it.each([
    ['that are no TOML', 'name = "x"\nroots = [', 'line 2, column'],
    ['with a key that there is none of', 'rots = ["/x"]', 'there is no setting “rots”'],
    ['with a key below one that takes none', 'name.first = "x"', 'name'],
    ['of the wrong type', 'name = 5', 'name'],
    ['out of range', 'outputMiB = 5000', 'outputMiB'],
    ['that keep nothing', 'keep = { runs = 0 }', 'keep.runs'],
    ['with a wrong word', 'pairing = "none"', 'pairing'],
    ['with a relative root', 'roots = ["x"]', 'roots.0'],
  ])('%s name file and place', (_name, text, says) => {
    set(text);
    refused('config_file', `${state.config}: `);
    refused('config_file', says);
  });

  it('of 100 MB are not read', () => {
    set('');
    fs.truncateSync(state.config, 100_000_000);
    refused('state_too_large', '100000000 bytes');
  });

  it.each([
    ['readable by others', 0o644],
    ['writable by all', 0o666],
    ['writable by the group', 0o620],
  ])('%s are refused with the command that mends it', (_name, mode) => {
    set('', mode);
    expect(() => readSettings(state)).toThrow(
      expect.objectContaining({ code: 'permission_state_mode', hint: `Run: chmod 600 '${state.config}'` }),
    );
  });

  it('of another user are refused', () => {
    set('');
    vi.spyOn(process, 'getuid').mockReturnValue(fs.statSync(state.config).uid + 1);
    refused('permission_state_owner', 'belongs to user');
  });

  it.each<[string, string, () => void]>([
    ['that are a directory', 'state_not_file', () => fs.mkdirSync(state.config)],
    ['that are a FIFO, without waiting for a writer,', 'state_not_file', () => execFileSync('mkfifo', [state.config])],
    ['that are a link to nowhere', 'state_symlink', () => fs.symlinkSync('/nowhere', state.config)],
    ['that are a link to /etc/passwd', 'state_symlink', () => fs.symlinkSync('/etc/passwd', state.config)],
  ])('%s are refused', (_name, code, make) => {
    make();
    refused(code, state.config);
  });

  it('stop the command with the exit code for each kind of fault, and nothing else does', async () => {
    set('roots = [');
    expect(await clawtab(place, ['daemon', 'run'])).toMatchObject({
      code: 3,
      err: expect.stringMatching(/config\.toml: line 1, column \d+/),
    });
    set('', 0o644);
    expect(await clawtab(place, ['daemon', 'run'])).toMatchObject({ code: 7, err: expect.stringContaining('chmod 600') });
    fs.rmSync(state.config);
    execFileSync('mkfifo', [state.config]);
    expect(await clawtab(place, ['daemon', 'run'])).toMatchObject({ code: 3, err: expect.stringContaining('is not a regular file') });
  }, 60_000);

  it('of jobs and rules keep the same manners, and one bad job hides no other', () => {
    const jobs = new JobFiles(state.jobs);
    fs.writeFileSync(jobs.file('good'), '\ufefftype = "command"\r\ncommand = ["true"]\r\ncwd = "/"\r\n', { mode: 0o600 });
    execFileSync('mkfifo', [jobs.file('fifo')]);
    fs.writeFileSync(jobs.file('bad'), 'type = [', { mode: 0o600 });
    fs.writeFileSync(jobs.file('large'), '', { mode: 0o600 });
    fs.truncateSync(jobs.file('large'), 100_000_000);
    const found = jobs.list();
    expect(found.jobs.map(({ name }) => name)).toEqual(['good']);
    expect(found.problems).toEqual([
      { name: 'bad', problem: expect.stringContaining('line 1, column') },
      { name: 'fifo', problem: expect.stringContaining('is not a regular file') },
      { name: 'large', problem: expect.stringContaining('the limit is') },
    ]);
    const rules = new Policies({
      state,
      jobOf: () => null,
      answer: () => Promise.reject(new Error('nothing is asked here')),
      note: () => undefined,
      onAnswered: () => undefined,
    });
    const file = path.join(state.root, 'policies.toml');
    fs.writeFileSync(file, '\ufeff[[policy]]\r\nid = "a"\r\ncreatedAt = 1\r\nby = "desk"\r\neffect = "deny"\r\ntool = "Bash"\r\n', {
      mode: 0o600,
    });
    expect(rules.list()).toHaveLength(1);
    fs.writeFileSync(file, '[[policy]]\nid = "a"\neffect = ');
    expect(() => rules.list()).toThrow(
      expect.objectContaining({ code: 'config_policies', message: expect.stringContaining('line 3, column') }),
    );
    expect(() => rules.add({ policy: { effect: 'deny', tool: 'Bash' } }, 'desk')).toThrow(
      expect.objectContaining({ code: 'config_policies' }),
    );
    expect(fs.readFileSync(file, 'utf8')).toBe('[[policy]]\nid = "a"\neffect = ');
  });
});

describe('BAD-77: what the machine knows of its account', () => {
  const accountFile = (): string => path.join(accountDir(state), 'account.json');
  const keyFile = (): string => path.join(accountDir(state), 'device.key');
  const tokenFile = (): string => path.join(accountDir(state), 'device-token');

  async function signIn(): Promise<Awaited<ReturnType<typeof createAccount>>> {
    const account = await createAccount();
    writeMembership(state, { origin: 'https://relay.example', pin: account.pin, list: account.list });
    return account;
  }

  it('a device key, cut off at each byte or all zero, is named as damaged and stays as it lies', async () => {
    await openDeviceKey(state);
    const good = fs.readFileSync(keyFile());
    for (const bad of [...truncated(good), Buffer.alloc(good.length)]) {
      fs.writeFileSync(keyFile(), bad);
      await expect(openDeviceKey(state)).rejects.toMatchObject({ code: 'state_device_key', hint: expect.stringContaining('.bak') });
      expect(fs.readFileSync(keyFile()).equals(bad)).toBe(true);
    }
  });

  it('an account file, cut off at each byte, all zero, changed or of a newer version, is refused and stays as it lies', async () => {
    await signIn();
    const good = fs.readFileSync(accountFile());
    expect((await readMembership(state))?.origin).toBe('https://relay.example');
    for (const bad of [...truncated(good), Buffer.alloc(good.length)]) {
      fs.writeFileSync(accountFile(), bad);
      await expect(readMembership(state)).rejects.toMatchObject({ code: 'state_account', message: expect.stringContaining('is damaged') });
    }
    const other = (await createAccount()).pin;
    const stored = JSON.parse(good.toString());
    for (const [change, code, says] of [
      [{ v: 2 }, 'state_account', 'newer version'],
      [{ ask: other.ask }, /^list_/, ''],
      [{ account: other.account }, /^list_/, ''],
      [{ list: { ...stored.list, signature: 'A'.repeat(86) } }, /^(list_|state_account)/, ''],
    ] as const) {
      const bad = JSON.stringify({ ...stored, ...change });
      fs.writeFileSync(accountFile(), bad);
      await expect(readMembership(state)).rejects.toMatchObject({
        code: typeof code === 'string' ? code : expect.stringMatching(code),
        message: expect.stringContaining(says),
      });
      expect(fs.readFileSync(accountFile(), 'utf8')).toBe(bad);
    }
  });

  it('a token, cut off at each byte, all zero or of another kind, is named as damaged and not sent', async () => {
    const token = `ctd_${'x'.repeat(48)}`;
    writeDeviceToken(state, token);
    const store = fileTokenStore(state);
    expect(await store.load()).toBe(token);
    const bad = [
      ...truncated(Buffer.from(token)),
      Buffer.alloc(token.length),
      Buffer.from(token.replace('ctd_', 'cts_')),
      Buffer.from(`${token}\0`),
    ];
    for (const bytes of bad) {
      fs.writeFileSync(tokenFile(), bytes);
      const error = await store.load().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'state_token', hint: 'Sign in again: clawtab login.' });
      expect(String(error)).not.toContain('xxxx');
    }
  });

  it.each(['device.key', 'account.json', 'device-token'])(
    '%s that others may read is refused with the command that mends it',
    async (name) => {
      await signIn();
      await openDeviceKey(state);
      writeDeviceToken(state, `ctd_${'x'.repeat(48)}`);
      const file = path.join(accountDir(state), name);
      fs.chmodSync(file, 0o644);
      const read = {
        'device.key': () => openDeviceKey(state),
        'account.json': () => readMembership(state),
        'device-token': () => fileTokenStore(state).load(),
      }[name]!;
      await expect(read()).rejects.toMatchObject({ code: 'permission_state_mode', hint: `Run: chmod 600 '${file}'` });
      expect(fs.readFileSync(file).length).toBeGreaterThan(0);
    },
  );

  it('what is known of phones, and which are approved, is kept as .bak before anything new takes its place', async () => {
    const { id } = await createDevice('phone');
    await openDeviceKey(state);
    for (const [name, change] of [
      ['devices.json', (note: (text: string) => void) => new DeviceBook(state, note).update(id, { name: 'Pixel' })],
      ['approved.json', (note: (text: string) => void) => new Pairing(state, 'approve', note).approve(id)],
    ] as const) {
      const file = path.join(accountDir(state), name);
      for (const bad of ['{"v":1,"dev', '', '\0'.repeat(40), '{"v":2,"devices":{"x":{}}}']) {
        fs.writeFileSync(file, bad, { mode: 0o600 });
        const notes: string[] = [];
        change((text) => notes.push(text));
        expect(notes).toEqual([expect.stringContaining(`${file} is not readable`)]);
        expect(notes[0]).toContain(`${file}.bak`);
        expect(fs.readFileSync(`${file}.bak`, 'utf8')).toBe(bad);
        expect(fs.statSync(`${file}.bak`).mode & 0o777).toBe(0o600);
        expect(JSON.parse(fs.readFileSync(file, 'utf8')).v).toBe(1);
      }
    }
  });

  it('the command says it with exit 3 for a damaged file and 7 for an open one; a directory that cannot be written changes nothing', async () => {
    await openDeviceKey(state);
    const good = fs.readFileSync(keyFile());
    fs.writeFileSync(keyFile(), good.subarray(0, 10));
    expect(await clawtab(place, ['daemon', 'run'])).toMatchObject({ code: 3, err: expect.stringContaining('is damaged') });
    fs.writeFileSync(keyFile(), good);
    fs.chmodSync(keyFile(), 0o644);
    expect(await clawtab(place, ['daemon', 'run'])).toMatchObject({ code: 7, err: expect.stringContaining('chmod 600') });
    fs.chmodSync(keyFile(), 0o600);
    const account = await signIn();
    const before = fs.readFileSync(accountFile());
    unwritable(accountDir(state), () =>
      expect(() => writeMembership(state, { origin: 'https://other.example', pin: account.pin, list: account.list })).toThrow(
        /EACCES|permission/,
      ),
    );
    expect(fs.readFileSync(accountFile()).equals(before)).toBe(true);
    expect(fs.readdirSync(accountDir(state)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  }, 60_000);
});

describe('BAD-78: sockets', () => {
  it('of a daemon that runs: a second one is told its pid, with exit 6', async () => {
    const daemon = await spawnDaemon(place);
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    const ran = await clawtab(place, ['daemon', 'run']);
    expect(ran).toMatchObject({ code: 6, err: expect.stringContaining(`already running for this state directory (pid ${daemon.pid})`) });
    daemon.kill('SIGTERM');
    await gone;
  }, 60_000);

  it('of one that was killed is taken away', async () => {
    const daemon = await spawnDaemon(place);
    const killed = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGKILL');
    await killed;
    expect(fs.statSync(place.socket).isSocket()).toBe(true);
    await assertNoDaemon(place.socket);
    expect(fs.existsSync(place.socket)).toBe(false);
    const next = await spawnDaemon(place);
    const gone = new Promise((resolve) => next.once('exit', resolve));
    next.kill('SIGTERM');
    await gone;
  }, 60_000);

  it('whose place holds a file is refused, and the file stays', async () => {
    fs.writeFileSync(place.socket, 'precious');
    expect(await clawtab(place, ['daemon', 'run'])).toMatchObject({ code: 3, err: expect.stringContaining('not a socket') });
    expect(fs.readFileSync(place.socket, 'utf8')).toBe('precious');
  }, 60_000);

  it('behind which somebody listens and says nothing count as a daemon, without a pid', async () => {
    const mute = net.createServer();
    await new Promise<void>((resolve) => mute.listen(place.socket, resolve));
    await expect(assertNoDaemon(place.socket)).rejects.toMatchObject({
      code: 'already_running',
      message: 'A daemon is already running for this state directory.',
    });
    mute.close();
  });

  it('get a short place where the state directory is too deep for one, and none where there is no short place', () => {
    const deep = path.join(place.dir, 'x'.repeat(120));
    const runtime = path.join(place.dir, 'run');
    const found = openState({ CLAWTAB_STATE: deep, XDG_RUNTIME_DIR: runtime });
    expect(found.sockets.startsWith(runtime)).toBe(true);
    expect(Buffer.byteLength(path.join(found.sockets, 'mb0000000-xxxxxx.sock'))).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
    expect(fs.statSync(found.sockets).mode & 0o777).toBe(0o700);
    // The same place for every process of this state, another for every other state.
    expect(openState({ CLAWTAB_STATE: deep, XDG_RUNTIME_DIR: runtime }).sockets).toBe(found.sockets);
    expect(openState({ CLAWTAB_STATE: `${deep}y`, XDG_RUNTIME_DIR: runtime }).sockets).not.toBe(found.sockets);
  });

  it('lie in no directory that is a link, a file, or open to others', () => {
    const real = path.join(place.dir, 'real');
    fs.mkdirSync(real, { mode: 0o700 });
    const link = path.join(place.dir, 'link');
    fs.symlinkSync(real, link);
    expect(() => openState({ CLAWTAB_STATE: link })).toThrow(expect.objectContaining({ code: 'state_symlink' }));
    const sockets = state.sockets;
    fs.rmSync(sockets, { recursive: true });
    fs.symlinkSync(real, sockets);
    expect(() => openState(place.env)).toThrow(
      expect.objectContaining({ code: 'state_symlink', message: expect.stringContaining(sockets) }),
    );
    fs.rmSync(sockets);
    fs.writeFileSync(sockets, '');
    expect(() => openState(place.env)).toThrow(expect.objectContaining({ code: 'state_not_directory' }));
    fs.rmSync(sockets);
    fs.mkdirSync(sockets);
    fs.chmodSync(sockets, 0o755);
    expect(() => openState(place.env)).toThrow(
      expect.objectContaining({ code: 'permission_state_mode', hint: `Run: chmod 700 '${sockets}'` }),
    );
  });
});
