/** The LaunchAgent without macOS: the plist against Apple's DTD, the commands against a launchctl that enforces the real one's rules. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DtdValidator, XmlDocument, XmlDtd } from 'libxml2-wasm';
import { parse } from 'plist';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalClient } from '../local/client.ts';
import { ownCommand } from '../own-command.ts';
import { launchAgent, launchdService } from './launchd.ts';
import type { Service } from './service.ts';
import { LAUNCHD_LABEL } from './service.ts';
import { type ServicePlace, servicePlace } from './test-service.ts';

const uid = process.getuid?.() ?? 0;
const target = `gui/${uid}/${LAUNCHD_LABEL}`;
let place: ServicePlace;
let service: Service;
let plist: string;
beforeEach(() => {
  place = servicePlace({ launchctl: 'fake-launchctl.mjs' });
  service = launchdService(place.dir, uid, place.run);
  plist = path.join(place.dir, 'Library/LaunchAgents', `${LAUNCHD_LABEL}.plist`);
});
afterEach(async () => {
  await service.uninstall();
  place.remove();
});

/** Stays until it is told to end; ends in order. */
const daemon = (): string[] => ['/bin/sh', '-c', 'echo up; trap "exit 0" TERM; while :; do sleep 0.1; done'];

describe('the property list', () => {
  const spec = () => place.spec(['/usr/local/bin/node', '/Users/me/a "b" <c> & d/cli.js', 'daemon', 'run'], { LC_ALL: 'de_DE.UTF-8' });

  it('is valid by Apple’s DTD', () => {
    const dtd = XmlDtd.fromString(fs.readFileSync(path.join(import.meta.dirname, 'PropertyList-1.0.dtd'), 'utf8'));
    const validator = new DtdValidator(dtd);
    const text = launchAgent(spec());
    expect(text).toContain('<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">');
    const document = XmlDocument.fromString(text);
    validator.validate(document);
    document.dispose();
    // The validator does refuse what is no property list.
    const broken = XmlDocument.fromString(text.replace('<key>Label</key>', ''));
    expect(() => validator.validate(broken)).toThrow('dict');
    broken.dispose();
    validator.dispose();
  });

  it('holds absolute paths, the captured environment, and keeps holders alive', () => {
    expect(parse(launchAgent(spec()))).toMatchObject({
      Label: 'dev.clawtab.daemon',
      ProgramArguments: ['/usr/local/bin/node', '/Users/me/a "b" <c> & d/cli.js', 'daemon', 'run'],
      EnvironmentVariables: { HOME: place.dir, LANG: 'C.UTF-8', LC_ALL: 'de_DE.UTF-8' },
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      AbandonProcessGroup: true,
      StandardErrorPath: path.join(place.dir, 'logs dir', 'daemon.out'),
    });
  });
});

describe('the LaunchAgent', () => {
  it('starts, says where, and starting again does nothing', async () => {
    expect(await service.status()).toEqual({ state: 'not_installed' });
    const report = await service.start(place.spec(daemon()));
    expect(report).toEqual([`Wrote ${plist}.`, `Loaded ${LAUNCHD_LABEL} into gui/${uid}; it starts again at every login.`]);
    expect(await service.status()).toEqual({ state: 'running', pid: expect.any(Number) });
    const before = place.calls().length;
    expect(await service.start(place.spec(daemon()))).toEqual(['The daemon runs already.']);
    expect(
      place
        .calls()
        .slice(before)
        .every((call) => call.startsWith('print ')),
    ).toBe(true);
    expect(fs.statSync(plist).mode & 0o777).toBe(0o644);
  });

  it('stops when it has really ended, can be started again, and stopping twice is no error', async () => {
    await service.start(place.spec(daemon()));
    expect(await service.stop()).toEqual([`Stopped ${LAUNCHD_LABEL}; it comes back with \`clawtab daemon start\`.`]);
    expect(await service.status()).toEqual({ state: 'stopped' });
    expect(await service.stop()).toEqual(['The daemon was not running.']);
    expect(await service.start(place.spec(daemon()))).toEqual([`Loaded ${LAUNCHD_LABEL} into gui/${uid}; it starts again at every login.`]);
    expect(await service.status()).toMatchObject({ state: 'running' });
  });

  it('restarts with another process, and with another definition where that changed', async () => {
    const pid = async (): Promise<unknown> => {
      const state = await service.status();
      return state.state === 'running' ? state.pid : null;
    };
    await service.start(place.spec(daemon()));
    const first = await pid();
    expect(await service.restart(place.spec(daemon()))).toEqual([`Restarted ${LAUNCHD_LABEL}.`]);
    const second = await pid();
    expect(second).not.toBe(first);
    expect(place.calls()).toContain(`kickstart -k ${target}`);
    const report = await service.restart(place.spec(daemon(), { LC_ALL: 'C' }));
    expect(report[0]).toBe(`Wrote ${plist}.`);
    expect(await pid()).not.toBe(second);
    expect(fs.readFileSync(plist, 'utf8')).toContain('LC_ALL');
  });

  it('starts a loaded one that has ended', async () => {
    await service.start(place.spec(['/bin/sh', '-c', 'exit 0']));
    while ((await service.status()).state === 'running') await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await service.start(place.spec(['/bin/sh', '-c', 'exit 0']))).toEqual([`Started ${LAUNCHD_LABEL}.`]);
    expect(place.calls()).toContain(`kickstart ${target}`);
  });

  it('is uninstalled without a rest, twice if need be', async () => {
    await service.start(place.spec(daemon()));
    expect(await service.uninstall()).toEqual([`Stopped ${LAUNCHD_LABEL}.`, `Removed ${plist}.`]);
    expect(fs.existsSync(plist)).toBe(false);
    expect(await service.uninstall()).toEqual(['No service was installed.']);
    expect(await service.status()).toEqual({ state: 'not_installed' });
  });

  it('comes up although its label was once disabled', async () => {
    fs.writeFileSync(path.join(place.dir, 'book', `${LAUNCHD_LABEL}.disabled`), '');
    await service.start(place.spec(daemon()));
    expect(await service.status()).toMatchObject({ state: 'running' });
  });

  it('names the command that failed, with launchd’s own words', async () => {
    await expect(service.start(place.spec(['relative/program']))).rejects.toMatchObject({
      code: 'service_failed',
      message: `\`launchctl bootstrap gui/${uid} ${plist}\` failed with 5: Bootstrap failed: 5: Input/output error.`,
    });
  });

  it('runs the real daemon, with nothing of the caller’s environment', async () => {
    const state = path.join(place.dir, 'state');
    fs.mkdirSync(state, { mode: 0o700 });
    await service.start(place.spec([...ownCommand('cli'), 'daemon', 'run'], { CLAWTAB_STATE: state }));
    const dueMs = performance.now() + 20_000;
    let client: LocalClient | null = null;
    while (client === null && performance.now() < dueMs) {
      client = await LocalClient.connect(path.join(state, 's', 'daemon.sock')).catch(() => null);
      if (client === null) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const found = await client!.call('daemon.status', {});
    client!.close();
    expect(await service.status()).toEqual({ state: 'running', pid: found.pid });
    expect(fs.readFileSync(path.join(place.dir, 'logs dir', 'daemon.out'), 'utf8')).toContain('ready');
  }, 40_000);
});

describe('the stand-in', () => {
  it.each([
    ['no label', ['bootout', 'gui/0'], 64],
    ['another user’s domain', ['print', `gui/${uid + 1}/x`], 125],
    ['the old verbs', ['load', '/x.plist'], 64],
    ['a plist that is not there', ['bootstrap', `gui/${uid}`, '/nowhere.plist'], 5],
    ['a relative plist', ['bootstrap', `gui/${uid}`, 'x.plist'], 5],
    ['an unknown service', ['print', `gui/${uid}/nobody`], 113],
    ['a service that is not loaded', ['bootout', `gui/${uid}/nobody`], 3],
    ['an unknown flag', ['kickstart', '-z', `gui/${uid}/nobody`], 64],
  ])('refuses %s', async (_name, args, code) => {
    expect((await place.run('launchctl', args)).code).toBe(code);
  });
});
