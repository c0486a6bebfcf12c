import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_WISHES } from '../../shared/push-wishes.ts';
import { accountDir } from '../account/device-key.ts';
import { DeviceBook } from '../device-book.ts';
import { openState } from '../state.ts';
import { Alerts } from './alerts.ts';
import type { Content } from './contents.ts';
import type { Outcome } from './sender.ts';
import { EVENING, HandClock, MIN } from './test-clock.ts';

const PUSH = { subscription: { endpoint: 'https://push.example/x', p256dh: 'p', auth: 'a' }, key: 'k', since: EVENING };
const HOUR = Math.floor(EVENING / 3_600_000);

let home: string;
let devices: DeviceBook;
let clock: HandClock;
let alerts: Alerts;
let said: { phone: string; content: Content; atMin: number }[];
let outcome: Outcome;
let watched: Set<string>;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'clawtab-test-'));
  const state = openState({ HOME: home, CLAWTAB_STATE: join(home, 'state') });
  mkdirSync(accountDir(state), { recursive: true, mode: 0o700 });
  devices = new DeviceBook(state, () => undefined);
  clock = new HandClock();
  said = [];
  outcome = 'ok';
  watched = new Set();
  devices.update('phone-1', { name: 'Ada’s phone', push: PUSH });
  devices.update('tablet', { name: 'Tablet', push: PUSH });
  devices.update('laptop', { name: 'Laptop' });
  alerts = new Alerts({
    devices,
    nameOf: (device) => devices.get(device).name,
    send: async (phone, content) => {
      said.push({ phone, content, atMin: Math.floor((clock.nowMs() - EVENING) / MIN) });
      return outcome;
    },
    watching: (phone) => watched.has(phone),
    clock,
  });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const event = (kind: string, device: string | null, hour = HOUR) => alerts.event({ kind, device, hour });
const heard = (): string[] => said.map(({ phone, content, atMin }) => `${atMin} ${phone}: ${content.body}`);
const night = { ...DEFAULT_WISHES, quiet: { fromMin: 19 * 60, toMin: 7 * 60, timeZone: 'UTC' } };

describe('a security event on its way to phones', () => {
  it('goes to each that has a subscription, in its own words', async () => {
    event('token_misused', 'tablet');
    await clock.go(MIN);
    expect(heard()).toEqual([
      '0 phone-1: Somebody used a token of “Tablet” (tablet) without its key. Its sessions were ended. If it happens again: remove it under Devices.',
      '0 tablet: Somebody used a token of this device without its key. Its sessions were ended. It has signed itself in again by its key.',
    ]);
    expect(said[0]!.content).toMatchObject({ kind: 'security', title: 'Security of your account', tag: 'security/token_misused tablet' });
  });

  it.each([
    ['of nobody', 'account_made', null],
    ['that a later version knows', 'moon_phase', 'tablet'],
    ['that the signed list tells', 'device_added', 'tablet'],
  ])('is none where it is one %s', async (_why, kind, device) => {
    event(kind, device);
    await clock.go(MIN);
    expect(heard()).toEqual([]);
  });

  it('is not told to the device that did it itself, nor where a person looks at the page', async () => {
    event('signed_in', 'phone-1');
    watched.add('tablet');
    event('device_quarantined', 'laptop');
    alerts.added({ id: 'tablet', kind: 'phone' });
    await clock.go(MIN);
    expect(heard()).toEqual([
      '0 phone-1: The relay has barred “Laptop” (laptop): there may be a copy of it. Sign in on it again. If it is not yours: remove it under Devices.',
      '0 phone-1: A new phone was added to the account (tablet). If that was not you, somebody knows the password.',
    ]);
  });

  it('is one piece of news where a new device signs in and is added', async () => {
    alerts.added({ id: 'stranger', kind: 'phone' });
    event('signed_in', 'stranger');
    await clock.go(MIN);
    expect(heard()).toHaveLength(2);
    expect(heard()[0]).toContain('A new phone was added to the account (strang)');
  });

  it('is said once an hour of the same device, whatever hours the relay gives it, and again after that', async () => {
    for (let hour = HOUR; hour < HOUR + 50; hour++) event('token_misused', 'laptop', hour);
    await clock.go(59 * MIN);
    event('token_misused', 'laptop');
    await clock.go(2 * MIN);
    event('token_misused', 'laptop');
    await clock.go(MIN);
    expect(said.map(({ phone, atMin }) => `${atMin} ${phone}`)).toEqual(['0 phone-1', '0 tablet', '61 phone-1', '61 tablet']);
  });

  it('wakes nobody without end where a relay invents them', async () => {
    for (let i = 0; i < 500; i++) event('token_misused', `invented-${i}`);
    await clock.go(MIN);
    expect(said.length).toBe(2 * 20);
  });

  it('breaks quiet hours, but for a removal, which waits for the morning', async () => {
    devices.update('phone-1', { wishes: night });
    event('signed_in', 'laptop');
    event('device_quarantined', 'laptop');
    event('device_removed', 'laptop');
    await clock.go(12 * 60 * MIN);
    expect(said.filter(({ phone }) => phone === 'phone-1').map(({ content, atMin }) => `${atMin} ${content.tag}`)).toEqual([
      '0 security/device_added laptop',
      '0 security/device_quarantined laptop',
      `${11 * 60} security/device_removed laptop`,
    ]);
  });

  it('is tried until it gets through, and not for ever', async () => {
    devices.forget('tablet');
    outcome = 'retry';
    event('token_misused', 'laptop');
    await clock.go(10 * MIN);
    expect(said.length).toBeGreaterThan(5);
    outcome = 'ok';
    await clock.go(2 * MIN);
    const tries = said.length;
    await clock.go(60 * MIN);
    expect(said.length).toBe(tries);
    outcome = 'retry';
    event('device_quarantined', 'laptop');
    await clock.go(4 * 24 * 60 * MIN);
    const last = said.length;
    await clock.go(60 * MIN);
    expect(said.length).toBe(last);
  });
});
