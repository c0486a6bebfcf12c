import { beforeEach, describe, expect, it } from 'vitest';
import { ClawError } from '../shared/errors.ts';
import type { SecurityEvent } from '../shared/security-events.ts';
import { SecurityWatch } from './security-watch.ts';
import { app, apply, EMPTY } from './state.ts';
import type { SecurityTold } from './store/database.ts';

const SELF = 'self-phone';
const event = (kind: string, device: string | null, hour = 100): SecurityEvent => ({ kind, device, hour });

function rig() {
  const at = {
    events: [event('account_made', SELF)] as SecurityEvent[],
    devices: [{ id: SELF, kind: 'phone' as 'phone' | 'daemon' }],
    kept: undefined as SecurityTold | undefined,
    visible: true,
    fails: false,
    failed: [] as string[],
  };
  const start = (): SecurityWatch =>
    new SecurityWatch({
      self: SELF,
      account: 'account',
      events: async () => {
        if (at.fails) throw new ClawError('relay_unreachable', 'gone');
        return at.events;
      },
      devices: () => at.devices,
      nameOf: (device) => (device === 'laptop-1234' ? 'laptop' : undefined),
      store: {
        load: async () => at.kept,
        save: async (told) => {
          at.kept = told;
        },
      },
      visible: () => at.visible,
      tell: (word) => apply({ type: 'notice', ...word }),
      failed: (error) => at.failed.push(error.code),
    });
  return { at, start };
}
const shown = (): string[] => app.value.notices.map(({ text }) => text);

describe('what happens to the account, on a phone', () => {
  beforeEach(() => {
    app.value = EMPTY;
  });

  it('is no news where it was there before this phone', async () => {
    const { at, start } = rig();
    at.events = [event('token_misused', 'other-device'), ...at.events];
    await start().look();
    expect(shown()).toEqual([]);
    expect(at.kept?.account).toBe('account');
  });

  it('is shown as a notice with the way out, once, also after a new start', async () => {
    const { at, start } = rig();
    await start().look();
    at.events = [event('token_misused', 'laptop-1234'), ...at.events];
    await start().look();
    expect(app.value.notices).toMatchObject([
      {
        level: 'warning',
        text: 'Somebody used a token of “laptop” (laptop) without its key. Its sessions were ended.',
        hint: 'If it happens again: remove it under Devices.',
      },
    ]);
    apply({ type: 'notice.dismissed', id: app.value.notices[0]!.id });
    await start().look();
    expect(shown()).toEqual([]);
    at.events = [event('token_misused', 'laptop-1234', 101), ...at.events];
    await start().look();
    expect(shown()).toHaveLength(1);
  });

  it.each([
    ['device_quarantined', 'other-device', 'The relay has barred device other-: there may be a copy of it.'],
    ['device_removed', 'other-device', 'Device other- was removed from the account.'],
    ['signed_in', 'other-device', 'Somebody signed in with the password, on device other-.'],
    ['token_misused', SELF, 'Somebody used a token of this device without its key. Its sessions were ended.'],
  ])('tells %s of %s', async (kind, device, text) => {
    const { at, start } = rig();
    await start().look();
    at.events = [event(kind, device), ...at.events];
    await start().look();
    expect(shown()).toEqual([text]);
  });

  it('tells of a new device as the signed list shows it, whatever the relay says, and not again as a sign-in', async () => {
    const { at, start } = rig();
    await start().look();
    at.devices = [...at.devices, { id: 'new-phone', kind: 'phone' }];
    at.events = [event('signed_in', 'new-phone'), ...at.events];
    await start().look();
    expect(shown()).toEqual(['A new phone was added to the account (new-ph).']);
  });

  it('says nothing of what its own person does', async () => {
    const { at, start } = rig();
    const watch = start();
    await watch.look();
    watch.doing('machine-1');
    watch.doing('other-device');
    at.devices = [...at.devices, { id: 'machine-1', kind: 'daemon' }];
    at.events = [event('signed_in', SELF), event('device_removed', 'other-device'), ...at.events];
    await watch.look();
    expect(shown()).toEqual([]);
  });

  it('waits until somebody looks, and survives a relay that does not answer', async () => {
    const { at, start } = rig();
    const watch = start();
    await watch.look();
    at.events = [event('device_quarantined', 'other-device'), ...at.events];
    at.visible = false;
    await watch.look();
    at.visible = true;
    at.fails = true;
    await watch.look();
    expect(at.failed).toEqual(['relay_unreachable']);
    expect(shown()).toEqual([]);
    at.fails = false;
    await watch.look();
    expect(shown()).toHaveLength(1);
  });

  it('looks again for what came while it looked, and does not tell it twice', async () => {
    const { at, start } = rig();
    const watch = start();
    await watch.look();
    const first = watch.look();
    at.events = [event('token_misused', 'other-device'), ...at.events];
    await Promise.all([first, watch.look(), watch.look()]);
    expect(shown()).toHaveLength(1);
  });
});
