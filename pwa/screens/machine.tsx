/** One machine: what it answers by itself, and who did what on it. */

import { useEffect, useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { Policy, ResultOf } from '../../shared/protocol.ts';
import { tryAsk } from '../client.ts';
import { ConnectionBanner, MachineDot } from '../parts/connection.tsx';
import { Icon } from '../parts/icon.tsx';
import { Text } from '../parts/text.tsx';
import { ageText, now } from '../parts/time.tsx';
import { app, type MachineState } from '../state.ts';
import { oneLine } from '../text/visible.ts';

type Entry = ResultOf<'audit.list'>['entries'][number];
const PAGE = 50;

export function MachineScreen() {
  const { params } = useRoute();
  const machine = app.value.machines.get(params['machine'] ?? '');
  if (!machine)
    return (
      <div class="page narrow">
        <h1>Machine</h1>
        <p class="dim">It does not belong to this account.</p>
      </div>
    );
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1 class="cut">
          <Text value={machine.about?.name ?? 'A machine'} />
        </h1>
        <MachineDot machine={machine} />
      </header>
      <ConnectionBanner />
      <div class="stack loose">
        <Rules machine={machine} />
        <Audit machine={machine} />
      </div>
    </div>
  );
}

/** What a rule says, in words. */
function Scope({ policy, skewMs }: { policy: Policy; skewMs: number }) {
  const parts = [policy.agent, policy.tool, policy.job && `job ${policy.job}`, policy.run && 'one run'].filter((p): p is string => !!p);
  const leftMs = policy.until === undefined ? null : policy.until - skewMs - now.value;
  return (
    <span class="what">
      <span class="name mono">
        <Text value={policy.command ? policy.command.join(' ') : 'anything'} />
      </span>
      <span class="sub">
        <Text value={parts.join(' · ') || 'any agent'} />
        {policy.directory && (
          <>
            {' · in '}
            <Text value={policy.directory} class="mono" />
          </>
        )}
        {' · by '}
        <Text value={oneLine(policy.by, 40)} />
        {leftMs !== null && (leftMs > 0 ? ` · ${ageText(leftMs)} left` : ' · over')}
      </span>
    </span>
  );
}

function Rules({ machine }: { machine: MachineState }) {
  const [rules, setRules] = useState<readonly Policy[] | null>(null);
  const connected = machine.status.state === 'connected';
  const load = async (): Promise<void> => {
    const result = await tryAsk(machine.id, 'policies.list', {});
    if (result) setRules(result.policies);
  };
  useEffect(() => {
    if (connected) void load();
  }, [connected, machine.id]);
  const remove = async (id: string): Promise<void> => {
    if (await tryAsk(machine.id, 'policies.remove', { id })) await load();
  };
  return (
    <section class="group">
      <div class="group-head">
        <h2>Answers by itself</h2>
        <a class="button slim" href={`/machine/${machine.id}/rule`}>
          <Icon name="plus" small />
          Rule
        </a>
      </div>
      {rules === null ? (
        <p class="dim">{connected ? 'Asking…' : 'Not known while the machine is away.'}</p>
      ) : rules.length === 0 ? (
        <p class="dim">Nothing: every question waits for a person.</p>
      ) : (
        <ul class="rows">
          {rules.map((policy) => (
            <li key={policy.id} class="row">
              <span class={policy.effect === 'allow' ? 'chip good' : 'chip bad'}>{policy.effect === 'allow' ? 'Allow' : 'Deny'}</span>
              <Scope policy={policy} skewMs={machine.skewMs} />
              <button type="button" class="button plain slim" onClick={() => void remove(policy.id)}>
                Remove
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Audit({ machine }: { machine: MachineState }) {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [intact, setIntact] = useState(true);
  const [more, setMore] = useState(false);
  const connected = machine.status.state === 'connected';
  const load = async (before?: number): Promise<void> => {
    const result = await tryAsk(machine.id, 'audit.list', { limit: PAGE, ...(before === undefined ? {} : { before }) });
    if (!result) return;
    setEntries((old) => (before === undefined ? result.entries : [...old, ...result.entries]));
    setIntact(result.intact);
    setMore(result.entries.length === PAGE);
  };
  useEffect(() => {
    if (connected) void load();
  }, [connected, machine.id]);
  return (
    <section class="group">
      <div class="group-head">
        <h2>Who did what</h2>
        {entries.length > 0 && <span class={intact ? 'chip good' : 'chip bad'}>{intact ? 'chain intact' : 'chain broken'}</span>}
      </div>
      {!intact && (
        <p class="warn-line">
          <Icon name="warn" small />
          Entries have been changed or removed since they were written.
        </p>
      )}
      {entries.length === 0 ? (
        <p class="dim">{connected ? 'Nothing yet.' : 'Not known while the machine is away.'}</p>
      ) : (
        <ol class="rows">
          {entries.map((entry) => (
            <li key={entry.n} class="row">
              <span class="what">
                <span>
                  <Text value={oneLine(entry.text, 300)} />
                </span>
                <span class="sub">
                  {entry.by && <Text value={oneLine(entry.by, 60)} />}
                  {entry.by && ' · '}
                  <time dateTime={entry.at}>{new Date(entry.at).toLocaleString()}</time>
                </span>
              </span>
              {entry.run && machine.runs.has(entry.run) && (
                <a class="button plain slim" href={`/run/${machine.id}/${entry.run}`}>
                  Run
                </a>
              )}
            </li>
          ))}
        </ol>
      )}
      {more && (
        <button type="button" class="button slim" disabled={!connected} onClick={() => void load(entries.at(-1)?.n)}>
          Older
        </button>
      )}
    </section>
  );
}
