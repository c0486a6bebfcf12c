/** Machines and phones of the account: who was there when, who may be taken off, and how a machine comes in. */
import { useEffect, useState } from 'preact/hooks';
import * as v from 'valibot';
import { type ListedDevice, signRemoval } from '../../shared/device-list.ts';
import { asClawError, ClawError } from '../../shared/errors.ts';
import type { ResultOf } from '../../shared/protocol.ts';
import { DevicesReply } from '../../shared/relay-api.ts';
import { takeOffer } from '../account/offer.ts';
import { ask } from '../client.ts';
import { aboutToRemove, listVersion, membership, relayTokens } from '../live.ts';
import { ConnectionBanner, MachineDot } from '../parts/connection.tsx';
import { Icon } from '../parts/icon.tsx';
import { SecurityEvents } from '../parts/security-events.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { Text } from '../parts/text.tsx';
import { ageText, now } from '../parts/time.tsx';
import { anyConnected, app, report } from '../state.ts';
import { visibleText } from '../text/visible.ts';

type Known = ResultOf<'devices.list'>['devices'][number];
const HOUR_MS = 3_600_000;

/** What machines and relay remember of each device: names from the machines, hours from the relay. */
function useKnown(): { named: ReadonlyMap<string, Known>; hours: ReadonlyMap<string, number | null>; reload(): void } {
  const [named, setNamed] = useState<ReadonlyMap<string, Known>>(new Map());
  const [hours, setHours] = useState<ReadonlyMap<string, number | null>>(new Map());
  const [turn, setTurn] = useState(0);
  const connected = anyConnected.value;
  useEffect(() => {
    const machines = [...app.value.machines.values()].filter((m) => m.status.state === 'connected');
    for (const machine of machines)
      void ask(machine.id, 'devices.list', {}).then(
        ({ devices }) => setNamed((old) => new Map([...old, ...devices.map((d): [string, Known] => [d.id, d])])),
        () => undefined,
      );
    void relayTokens()
      ?.call({ method: 'GET', path: '/v1/devices', reply: DevicesReply })
      .then(
        ({ devices }) => setHours(new Map(devices.map((d) => [d.id, d.lastSeenHour]))),
        () => undefined,
      );
  }, [connected, turn, listVersion.value]);
  return { named, hours, reload: () => setTurn(turn + 1) };
}

export function Devices() {
  void listVersion.value;
  const member = membership();
  const { named, hours, reload } = useKnown();
  const [removing, setRemoving] = useState<ListedDevice | null>(null);
  const devices = member ? [...member.trusted().devices.values()] : [];
  const machines = devices.filter((d) => d.kind === 'daemon');
  const phones = devices.filter((d) => d.kind === 'phone');
  const nameOf = (device: ListedDevice): string => {
    if (device.kind === 'daemon') return app.value.machines.get(device.id)?.about?.name ?? 'A machine not heard yet';
    if (device.id === app.value.deviceId) return app.value.account?.deviceName ?? 'This device';
    return named.get(device.id)?.name ?? `Phone ${device.id.slice(0, 6)}`;
  };
  // Two browsers of a kind are called alike until somebody names them.
  const alike = (device: ListedDevice): boolean => devices.some((d) => d.id !== device.id && nameOf(d) === nameOf(device));
  const seen = (device: ListedDevice): string => {
    const exact = named.get(device.id)?.lastSeenAt;
    if (exact !== undefined) return `${ageText(now.value - exact)} ago`;
    const hour = hours.get(device.id);
    if (hour === undefined || hour === null) return 'not seen yet';
    const ms = now.value - hour * HOUR_MS;
    return ms < HOUR_MS ? 'within the hour' : `${ageText(ms)} ago`;
  };
  const row = (device: ListedDevice) => {
    const self = device.id === app.value.deviceId;
    const machine = app.value.machines.get(device.id);
    return (
      <li key={device.id} class="row">
        <Icon name={device.kind === 'daemon' ? 'laptop' : 'phone'} />
        <span class="what">
          <span class="name cut">
            {machine ? (
              <a href={`/machine/${device.id}`} class="quiet">
                <Text value={nameOf(device)} />
              </a>
            ) : (
              <Text value={nameOf(device)} />
            )}
          </span>
          <span class="sub">
            {[
              self ? 'This device' : machine?.status.state === 'connected' ? '' : `Last contact ${seen(device)}`,
              machine?.about ? `${machine.about.platform}, ClawTab ${machine.about.version}` : '',
              alike(device) ? device.id.slice(0, 6) : '',
            ]
              .filter((part) => part !== '')
              .map((part, i) => (
                <>
                  {i > 0 && ' · '}
                  <Text value={part} />
                </>
              ))}
          </span>
          {machine && <MachineDot machine={machine} />}
        </span>
        {!self && (
          <button
            type="button"
            class="button plain slim"
            aria-label={`Remove ${visibleText(nameOf(device))}`}
            onClick={() => setRemoving(device)}
          >
            Remove
          </button>
        )}
      </li>
    );
  };
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>Devices</h1>
      </header>
      <ConnectionBanner />
      <div class="stack loose">
        <section class="group">
          <h2>Machines</h2>
          {machines.length > 0 ? <ul class="rows">{machines.map(row)}</ul> : <p class="dim">None yet.</p>}
        </section>
        <AddMachine />
        <section class="group">
          <h2>Phones and browsers</h2>
          <ul class="rows">{phones.map(row)}</ul>
          <p class="hint">To add one, open this page there and sign in.</p>
        </section>
        <SecurityEvents
          nameOf={(id) => {
            const device = devices.find((d) => d.id === id);
            return device && (device.kind === 'phone' || app.value.machines.get(id)?.about) ? nameOf(device) : undefined;
          }}
        />
      </div>
      {removing && <RemoveSheet device={removing} name={nameOf(removing)} close={() => setRemoving(null)} done={reload} />}
    </div>
  );
}

function AddMachine() {
  const [link, setLink] = useState('');
  const [wrong, setWrong] = useState(false);
  return (
    <section class="group">
      <h2>Add a machine</h2>
      <div class="panel">
        <p>Run this on it and open the link it prints on this device, or paste it here.</p>
        <code class="link-box">npx clawtab up</code>
        <form
          class="line"
          onSubmit={(event) => {
            event.preventDefault();
            void takeOffer(link).then((taken) => {
              setWrong(!taken);
              if (taken) setLink('');
            });
          }}
        >
          <input
            class="input grow mono"
            aria-label="Link of the machine"
            autocapitalize="none"
            spellcheck={false}
            placeholder="https://…/#enrol=…"
            value={link}
            onInput={(event) => setLink(event.currentTarget.value)}
          />
          <button type="submit" class="button" disabled={!link.trim()}>
            Look
          </button>
        </form>
        {wrong && (
          <p class="error-text" role="alert">
            There is no machine in that link. Paste it whole.
          </p>
        )}
      </div>
    </section>
  );
}

/** Removal is done when the machines say so, not when the relay does (security.md T-09). */
function RemoveSheet({ device, name, close, done }: { device: ListedDevice; name: string; close(): void; done(): void }) {
  const [phase, setPhase] = useState<'ask' | 'busy' | 'told'>('ask');
  const [acks, setAcks] = useState<ReadonlyMap<string, boolean>>(new Map());
  const others = [...app.value.machines.values()].filter((m) => m.id !== device.id);
  const remove = async (): Promise<void> => {
    const member = membership();
    const tokens = relayTokens();
    if (!member || !tokens) return;
    setPhase('busy');
    aboutToRemove(device.id);
    try {
      const removal = await signRemoval(member.account.account, device.id, member.identity);
      await tokens.call({ method: 'POST', path: '/v1/list/removals', reply: v.unknown(), body: { removal } });
      const { signed } = member.trusted();
      await member.offer({ ...signed, removals: [...signed.removals, removal] });
      setPhase('told');
      done();
      for (const machine of others) void confirm(machine.id);
    } catch (error) {
      setPhase('ask');
      report(asClawError(error));
    }
  };
  const confirm = async (machine: string): Promise<void> => {
    for (let tries = 0; tries < 20; tries++) {
      try {
        const { devices } = await ask(machine, 'devices.list', {});
        if (!devices.some((d) => d.id === device.id)) return setAcks((old) => new Map(old).set(machine, true));
      } catch (error) {
        if (!(error instanceof ClawError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  return (
    <Sheet title={`Remove ${name}?`} close={close}>
      {phase === 'told' ? (
        <>
          <p>Removed. Its tokens are void and its line is cut.</p>
          <ul class="rows">
            {others.map((m) => (
              <li key={m.id} class="row">
                <span class="what">
                  <Text value={m.about?.name ?? 'A machine'} />
                </span>
                <span class={acks.get(m.id) ? 'chip good' : 'chip'}>{acks.get(m.id) ? 'knows' : 'not yet told'}</span>
              </li>
            ))}
          </ul>
          <button type="button" class="button wide" onClick={close}>
            Done
          </button>
        </>
      ) : (
        <>
          <p class="dim">
            {device.kind === 'daemon'
              ? 'Its runs go on there, but no phone reaches it any more until it is added again.'
              : 'It can neither read nor answer from that moment. To come back it has to sign in.'}
          </p>
          <div class="line">
            <button type="button" class="button danger grow" disabled={phase === 'busy'} onClick={() => void remove()}>
              {phase === 'busy' ? 'Removing…' : 'Remove'}
            </button>
            <button type="button" class="button" onClick={close}>
              Keep
            </button>
          </div>
        </>
      )}
    </Sheet>
  );
}
