/** The truth about the line, in words: to the relay, and to each machine. "Connected" is said only of a machine that has answered lately. */
import type { LinkState } from '../../shared/link-options.ts';
import { nudge, signOut } from '../client.ts';
import { type AppState, app, type MachineState } from '../state.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';
import { Age, ageText, now } from './time.tsx';

export interface StatusWords {
  dot: string;
  text: string;
}

export function machineWords(machine: MachineState, link: LinkState): StatusWords {
  if (link.state !== 'online') return { dot: 'hollow', text: link.state === 'connecting' ? 'Connecting' : 'Not connected' };
  switch (machine.status.state) {
    case 'connected':
      return { dot: 'good', text: 'Connected' };
    case 'connecting':
      return { dot: 'busy', text: 'Connecting' };
    case 'silent':
      return { dot: 'bad', text: 'Not answering' };
    case 'refused':
      return { dot: 'bad', text: 'Refused' };
    case 'absent':
      return { dot: 'hollow', text: 'Offline' };
  }
}

export function MachineDot({ machine }: { machine: MachineState }) {
  const words = machineWords(machine, app.value.link);
  return (
    <span class="line small dim">
      <span class={`dot ${words.dot}`} />
      <span>{words.text}</span>
    </span>
  );
}

function sentence(link: LinkState): { text: string; bad: boolean; action: string | null } | null {
  switch (link.state) {
    case 'offline': {
      const seconds = Math.max(0, Math.ceil((link.retryAtMs - now.value) / 1000));
      const why = link.error.code === 'storage_full' ? link.error.message : 'No connection to the relay.';
      return { text: `${why} Trying again ${seconds > 0 ? `in ${seconds} s` : 'now'}.`, bad: true, action: 'Try now' };
    }
    case 'connecting':
      return { text: 'Connecting…', bad: false, action: null };
    case 'replaced':
      return { text: 'ClawTab is open in another window of this device.', bad: false, action: 'Use here' };
    case 'signed_out':
      return { text: `This device has to sign in again: ${link.error.message}`, bad: true, action: 'Sign in again' };
    case 'outdated':
      return { text: 'The relay speaks another version. Reload to update.', bad: true, action: 'Try again' };
    default:
      return null;
  }
}

const troubled = (machines: AppState['machines']): MachineState | undefined =>
  [...machines.values()].find((m) => m.status.state === 'silent' || m.status.state === 'refused');

/** Which banner stands, in a word; empty where there is none. What is below it moves when this changes. */
export function bannerKind({ link, machines }: AppState): string {
  if (sentence(link) !== null) return link.state;
  if (link.state !== 'online' || machines.size === 0) return '';
  const first = troubled(machines);
  if (first) return first.status.state;
  return [...machines.values()].every((m) => m.status.state === 'absent') ? 'absent' : '';
}

/** Visible whenever what is shown may not be true any more. */
export function ConnectionBanner() {
  const { link, machines } = app.value;
  const said = sentence(link);
  if (said)
    return (
      <div class={said.bad ? 'banner bad' : 'banner'} role="status">
        <p>
          <Text value={said.text} /> <AsOf />
        </p>
        {said.action && (
          <button type="button" class="button slim" onClick={() => (link.state === 'signed_out' ? void signOut() : nudge())}>
            {said.action}
          </button>
        )}
      </div>
    );
  if (bannerKind(app.value) === '') return null;
  const first = troubled(machines);
  const name = first?.about?.name ?? 'Your machine';
  return (
    <div class={first ? 'banner bad' : 'banner'} role="status">
      <p>
        {first?.status.state === 'refused' ? (
          <>
            <Text value={name} /> refuses this device: <Text value={first.status.error.message} />
          </>
        ) : first ? (
          <>
            <Text value={name} /> does not answer.
          </>
        ) : machines.size === 1 ? (
          <>
            <Text value={[...machines.values()][0]!.about?.name ?? 'Your machine'} /> is offline.
          </>
        ) : (
          'All your machines are offline.'
        )}{' '}
        <AsOf />
      </p>
      <button type="button" class="button slim" onClick={nudge}>
        <Icon name="refresh" small />
        Try now
      </button>
    </div>
  );
}

function AsOf() {
  const known = [...app.value.machines.values()].flatMap((m) => (m.asOfMs === null ? [] : [m.asOfMs]));
  if (known.length === 0) return null;
  const atMs = Math.max(...known);
  return <span>What you see is {ageText(now.value - atMs) === 'now' ? 'a moment' : <Age atMs={atMs} />} old.</span>;
}
