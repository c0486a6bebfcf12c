/** Which devices hear a machine: when a notification last went to each and was shown there, a test for each, and which have gone deaf. */
import { useEffect, useState } from 'preact/hooks';
import { asClawError } from '../../shared/errors.ts';
import type { Hearing } from '../../shared/push-wishes.ts';
import { ask } from '../client.ts';
import { subscribed } from '../push.ts';
import type { MachineState } from '../state.ts';
import { visibleText } from '../text/visible.ts';
import { lastPush } from '../worker-link.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';
import { ageText, now } from './time.tsx';

const OUTCOMES = {
  ok: 'Sent; waiting for the receipt…',
  gone: 'The subscription is gone. Turn notifications off and on again there.',
  retry: 'The push service is busy; try again in a minute.',
  refused: 'The push service refused it.',
  none: 'The machine has no subscription of that device yet.',
} as const;

/** Receipts come within a second or two; after this many the phone sleeps, or is deaf. */
const RECEIPT_TRIES = 20;
const TRY_MS = 1000;

const ago = (ms: number): string => `${ageText(ms)} ago`.replace('now ago', 'just now');

/** In words, by the machine's clock. */
function heard({ sentAt, shownAt, unheard, deaf }: Hearing, machineNowMs: number): string {
  if (deaf) return `Has shown none of the last ${unheard}. Open ClawTab there once; else turn notifications off and on.`;
  if (unheard > 0 && sentAt !== undefined) return `Last one sent ${ago(machineNowMs - sentAt)}, not shown yet.`;
  if (shownAt !== undefined) return `Last one shown ${ago(machineNowMs - shownAt)}.`;
  return 'Nothing sent yet.';
}

export function HearingDevices({ machine }: { machine: MachineState }) {
  const [devices, setDevices] = useState<readonly Hearing[]>([]);
  const [said, setSaid] = useState<{ device: string; text: string } | null>(null);
  const connected = machine.status.state === 'connected';
  const arrivedAtMs = lastPush.value.get(machine.id);
  const load = async (): Promise<readonly Hearing[]> => {
    const result = await ask(machine.id, 'push.devices', {}).catch(() => null);
    if (result) setDevices(result.devices);
    return result?.devices ?? [];
  };
  useEffect(() => {
    if (connected) void load();
  }, [connected, machine.id, arrivedAtMs, subscribed.value]);
  const test = async (device: string): Promise<void> => {
    setSaid({ device, text: 'Sending…' });
    try {
      const before = devices.find((d) => d.id === device)?.shownAt ?? 0;
      const { outcome } = await ask(machine.id, 'push.test', { device }, 30_000);
      setSaid({ device, text: OUTCOMES[outcome] });
      for (let tries = 0; outcome === 'ok' && tries < RECEIPT_TRIES; tries++) {
        await new Promise((resolve) => setTimeout(resolve, TRY_MS));
        if (((await load()).find((d) => d.id === device)?.shownAt ?? 0) <= before) continue;
        setSaid(null);
        return;
      }
      if (outcome === 'ok') setSaid({ device, text: 'Sent, and not shown there so far. It may be asleep or without network.' });
    } catch (error) {
      setSaid({ device, text: asClawError(error).message });
    }
  };
  if (devices.length === 0) return null;
  return (
    <div class="stack tight">
      <p class="label">
        Notified by <Text value={machine.about?.name ?? 'a machine'} />
      </p>
      <ul class="rows">
        {devices.map((device) => {
          // The worker of this device has shown it: there is no better receipt.
          const here = device.self && arrivedAtMs !== undefined ? `Arrived on this device ${ago(now.value - arrivedAtMs)}.` : null;
          const text = said?.device === device.id ? said.text : (here ?? heard(device, now.value + machine.skewMs));
          return (
            <li key={device.id} class="row">
              <Icon name={device.deaf ? 'warn' : 'bell'} />
              <span class="what">
                <span class="name cut">
                  <Text value={device.name ?? `Phone ${device.id.slice(0, 6)}`} />
                </span>
                <span class={device.deaf ? 'sub error-text' : 'sub'} role="status">
                  {text}
                </span>
              </span>
              <button
                type="button"
                class="button slim"
                aria-label={`Test ${visibleText(device.name ?? 'this phone')}`}
                disabled={!connected}
                onClick={() => void test(device.id)}
              >
                Test
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
