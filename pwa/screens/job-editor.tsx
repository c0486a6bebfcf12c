/** A saved job: what it starts, where, with which parameters, and when by itself. The machine has the last word on whether it is right. */

import { useEffect, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { asClawError, type ClawError } from '../../shared/errors.ts';
import type { Job } from '../../shared/protocol.ts';
import { ask, tryAsk } from '../client.ts';
import { ConnectionBanner } from '../parts/connection.tsx';
import { CwdField, placesOf } from '../parts/cwd-field.tsx';
import { Icon } from '../parts/icon.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { Text } from '../parts/text.tsx';
import { app, type MachineState } from '../state.ts';
import { joinArgv, splitArgv } from '../text/argv.ts';

const NAME = '[a-z0-9][a-z0-9._\\-]{0,62}';

/** What the form holds: text as typed, so that nothing is lost while it is wrong. */
interface Fields {
  name: string;
  type: Job['type'];
  agent: string;
  prompt: string;
  command: string;
  model: string;
  flags: string;
  cwd: string;
  description: string;
  cron: string;
  timeZone: string;
  overlap: 'skip' | 'queue' | 'replace';
  catchUp: 'skip' | 'once';
  paused: boolean;
  timeoutMin: string;
  parameters: { name: string; default: string }[];
}

function fieldsOf(job: Job | undefined, machine: MachineState): Fields {
  return {
    name: job?.name ?? '',
    type: job?.type ?? 'agent',
    agent: job?.agent ?? machine.about?.agents.find((a) => a.installed)?.name ?? '',
    prompt: job?.prompt ?? '',
    command: job?.command ? joinArgv(job.command) : '',
    model: job?.model ?? '',
    flags: job?.flags ? joinArgv(job.flags) : '',
    cwd: job?.cwd ?? placesOf(machine)[0] ?? '',
    description: job?.description ?? '',
    cron: job?.schedule?.cron ?? '',
    timeZone: job?.schedule?.timeZone ?? '',
    overlap: job?.schedule?.overlap ?? 'skip',
    catchUp: job?.schedule?.catchUp ?? 'skip',
    paused: job?.schedule?.paused ?? false,
    timeoutMin: job?.timeoutS ? String(job.timeoutS / 60) : '',
    parameters: (job?.parameters ?? []).map((p) => ({ name: p.name, default: p.default ?? '' })),
  };
}

/** The job that the fields say; what the form does not show is kept as it was. */
function jobOf(f: Fields, before: Job | undefined): Job | { problem: string } {
  const flags = f.flags.trim() ? splitArgv(f.flags) : { argv: [] };
  if ('problem' in flags) return { problem: `Flags: ${flags.problem}` };
  const command = f.type === 'command' ? splitArgv(f.command) : { argv: [] };
  if ('problem' in command) return { problem: `Command: ${command.problem}` };
  const { schedule: _schedule, ...kept } = before ?? {};
  const timeoutS = Number(f.timeoutMin) * 60;
  const job: Job = { ...kept, name: f.name, type: f.type, cwd: f.cwd };
  for (const key of ['agent', 'prompt', 'command', 'model', 'flags', 'description', 'parameters', 'timeoutS'] as const) delete job[key];
  if (f.type === 'agent') {
    job.agent = f.agent;
    if (f.prompt.trim()) job.prompt = f.prompt;
    if (f.model.trim()) job.model = f.model.trim();
  } else job.command = command.argv;
  if (flags.argv.length > 0) job.flags = flags.argv;
  if (f.description.trim()) job.description = f.description.trim();
  const parameters = f.parameters.filter((p) => p.name.trim());
  if (parameters.length > 0)
    job.parameters = parameters.map((p) => {
      const old = before?.parameters?.find((o) => o.name === p.name);
      return {
        ...(old?.description ? { description: old.description } : {}),
        name: p.name.trim(),
        ...(p.default ? { default: p.default } : {}),
      };
    });
  if (timeoutS > 0) job.timeoutS = timeoutS;
  if (f.cron.trim())
    job.schedule = {
      cron: f.cron.trim(),
      overlap: f.overlap,
      catchUp: f.catchUp,
      ...(f.timeZone.trim() ? { timeZone: f.timeZone.trim() } : {}),
      ...(f.paused ? { paused: true } : {}),
    };
  return job;
}

export function JobEditor() {
  const { params } = useRoute();
  const machine = app.value.machines.get(params['machine'] ?? '');
  const name = params['job'] === 'new' ? undefined : params['job'];
  const job = name ? machine?.jobs.get(decodeURIComponent(name))?.job : undefined;
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{name ? 'Job' : 'New job'}</h1>
      </header>
      <ConnectionBanner />
      {!machine || machine.asOfMs === null || (name && !job) ? (
        <p class="dim">
          {machine && machine.asOfMs !== null ? 'There is no such job on this machine.' : 'Not heard from that machine yet.'}
        </p>
      ) : (
        <Form key={`${machine.id}/${name ?? ''}`} machine={machine} before={job} />
      )}
    </div>
  );
}

function Form({ machine, before }: { machine: MachineState; before: Job | undefined }) {
  const { route } = useLocation();
  const [f, setFields] = useState(() => fieldsOf(before, machine));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ClawError | null>(null);
  const [removing, setRemoving] = useState(false);
  const set = (change: Partial<Fields>): void => setFields({ ...f, ...change });
  const job = jobOf(f, before);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if ('problem' in job || busy) return;
    setBusy(true);
    setError(null);
    try {
      await ask(machine.id, 'jobs.save', { job, ...(before ? { replace: true } : {}) });
      route('/jobs');
    } catch (thrown) {
      setError(asClawError(thrown));
      setBusy(false);
    }
  };
  const remove = async (): Promise<void> => {
    if (before && (await tryAsk(machine.id, 'jobs.remove', { job: before.name }))) route('/jobs');
  };
  return (
    <form class="stack" onSubmit={(event) => void save(event)}>
      <label class="field">
        <span class="label">Name</span>
        <input
          class="mono"
          required
          pattern={NAME}
          maxLength={63}
          title="Small letters, digits, dots, dashes"
          autocapitalize="none"
          spellcheck={false}
          disabled={before !== undefined}
          value={f.name}
          onInput={(event) => set({ name: event.currentTarget.value.toLowerCase() })}
        />
      </label>
      <fieldset class="segments" aria-label="Type">
        {(['agent', 'command'] as const).map((type) => (
          <button key={type} type="button" aria-pressed={f.type === type} onClick={() => set({ type })}>
            {type === 'agent' ? 'Agent' : 'Command'}
          </button>
        ))}
      </fieldset>
      {f.type === 'agent' ? <AgentFields f={f} set={set} machine={machine} /> : <CommandFields f={f} set={set} />}
      <CwdField machine={machine} value={f.cwd} set={(cwd) => set({ cwd })} />
      <ParameterFields f={f} set={set} />
      <ScheduleFields f={f} set={set} />
      <label class="field">
        <span class="label">Stop after (minutes)</span>
        <input
          type="number"
          min="1"
          inputMode="numeric"
          value={f.timeoutMin}
          placeholder="never"
          onInput={(event) => set({ timeoutMin: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span class="label">Description</span>
        <input maxLength={500} value={f.description} onInput={(event) => set({ description: event.currentTarget.value })} />
      </label>
      {'problem' in job && (f.command || f.flags) && <p class="error-text">{job.problem}</p>}
      {error && (
        <p class="error-text" role="alert">
          <Text value={error.message} /> {error.hint && <Text value={error.hint} />}
        </p>
      )}
      <div class="line">
        <button type="submit" class="button main grow" disabled={busy || 'problem' in job || machine.status.state !== 'connected'}>
          {machine.status.state === 'connected' ? 'Save' : 'Machine is offline'}
        </button>
        {before && (
          <button type="button" class="button danger" onClick={() => setRemoving(true)}>
            Remove
          </button>
        )}
      </div>
      {removing && (
        <Sheet title={`Remove ${before?.name}?`} close={() => setRemoving(false)}>
          <p class="dim">The job is removed from the machine. Its past runs stay in the history.</p>
          <div class="line">
            <button type="button" class="button danger grow" onClick={() => void remove()}>
              Remove job
            </button>
            <button type="button" class="button" onClick={() => setRemoving(false)}>
              Keep
            </button>
          </div>
        </Sheet>
      )}
    </form>
  );
}

interface PartProps {
  f: Fields;
  set(change: Partial<Fields>): void;
}

function AgentFields({ f, set, machine }: PartProps & { machine: MachineState }) {
  return (
    <>
      <label class="field">
        <span class="label">Agent</span>
        <select value={f.agent} onChange={(event) => set({ agent: event.currentTarget.value })}>
          {machine.about?.agents.map((a) => (
            <option key={a.name} value={a.name}>
              {a.title}
              {a.installed ? '' : ' (not installed)'}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span class="label">Prompt</span>
        <textarea rows={5} value={f.prompt} onInput={(event) => set({ prompt: event.currentTarget.value })} />
        <span class="hint">Parameters stand in it as {'{{name}}'}.</span>
      </label>
      <div class="pair">
        <label class="field">
          <span class="label">Model</span>
          <input class="mono" value={f.model} placeholder="its default" onInput={(event) => set({ model: event.currentTarget.value })} />
        </label>
        <label class="field">
          <span class="label">Flags</span>
          <input class="mono" value={f.flags} onInput={(event) => set({ flags: event.currentTarget.value })} />
        </label>
      </div>
    </>
  );
}

function CommandFields({ f, set }: PartProps) {
  return (
    <label class="field">
      <span class="label">Command</span>
      <input
        class="mono"
        autocapitalize="none"
        spellcheck={false}
        value={f.command}
        placeholder="npm run lint"
        onInput={(event) => set({ command: event.currentTarget.value })}
      />
      <span class="hint">Started as it stands, without a shell.</span>
    </label>
  );
}

function ParameterFields({ f, set }: PartProps) {
  const change = (at: number, next: Partial<Fields['parameters'][number]>): void =>
    set({ parameters: f.parameters.map((p, i) => (i === at ? { ...p, ...next } : p)) });
  return (
    <div class="stack tight">
      {f.parameters.map((p, i) => (
        <div class="line" key={`${i}`}>
          <input
            class="input grow mono"
            aria-label={`Parameter ${i + 1}`}
            placeholder="name"
            value={p.name}
            onInput={(event) => change(i, { name: event.currentTarget.value })}
          />
          <input
            class="input grow"
            aria-label={`Default of parameter ${i + 1}`}
            placeholder="default"
            value={p.default}
            onInput={(event) => change(i, { default: event.currentTarget.value })}
          />
          <button
            type="button"
            class="button plain square"
            aria-label={`Remove parameter ${i + 1}`}
            onClick={() => set({ parameters: f.parameters.filter((_, at) => at !== i) })}
          >
            <Icon name="close" small />
          </button>
        </div>
      ))}
      <button type="button" class="button slim" onClick={() => set({ parameters: [...f.parameters, { name: '', default: '' }] })}>
        <Icon name="plus" small />
        Parameter
      </button>
    </div>
  );
}

const PRESETS: readonly { label: string; cron: string }[] = [
  { label: 'Never by itself', cron: '' },
  { label: 'Every hour', cron: '0 * * * *' },
  { label: 'Every night at 3', cron: '0 3 * * *' },
  { label: 'Weekdays at 9', cron: '0 9 * * 1-5' },
  { label: 'Mondays at 8', cron: '0 8 * * 1' },
];

function ScheduleFields({ f, set }: PartProps) {
  const preset = PRESETS.some((p) => p.cron === f.cron) ? f.cron : 'own';
  return (
    <fieldset class="panel">
      <label class="field">
        <span class="label">When</span>
        <select
          value={preset}
          onChange={(event) => set({ cron: event.currentTarget.value === 'own' ? '*/30 * * * *' : event.currentTarget.value })}
        >
          {PRESETS.map((p) => (
            <option key={p.cron} value={p.cron}>
              {p.label}
            </option>
          ))}
          <option value="own">Own times (cron)</option>
        </select>
      </label>
      {f.cron !== '' && (
        <>
          <div class="pair">
            <label class="field">
              <span class="label">Cron</span>
              <input class="mono" value={f.cron} spellcheck={false} onInput={(event) => set({ cron: event.currentTarget.value })} />
            </label>
            <label class="field">
              <span class="label">Time zone</span>
              <input value={f.timeZone} placeholder="the machine’s own" onInput={(event) => set({ timeZone: event.currentTarget.value })} />
            </label>
          </div>
          <Preview cron={f.cron} timeZone={f.timeZone} />
          <div class="pair">
            <label class="field">
              <span class="label">If the last one still runs</span>
              <select value={f.overlap} onChange={(event) => set({ overlap: event.currentTarget.value as Fields['overlap'] })}>
                <option value="skip">Leave this one out</option>
                <option value="queue">Wait for it</option>
                <option value="replace">Stop it first</option>
              </select>
            </label>
            <label class="field">
              <span class="label">If the machine was asleep</span>
              <select value={f.catchUp} onChange={(event) => set({ catchUp: event.currentTarget.value as Fields['catchUp'] })}>
                <option value="skip">Leave it out</option>
                <option value="once">Run once when it wakes</option>
              </select>
            </label>
          </div>
          <label class="line check">
            <input type="checkbox" checked={f.paused} onChange={(event) => set({ paused: event.currentTarget.checked })} />
            <span>Paused</span>
          </label>
        </>
      )}
    </fieldset>
  );
}

/** The next times as the machine will see them; the same library as there. */
function Preview({ cron, timeZone }: { cron: string; timeZone: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    let current = true;
    void import('croner').then(({ Cron }) => {
      if (!current) return;
      try {
        const next = new Cron(cron, { paused: true, ...(timeZone.trim() ? { timezone: timeZone.trim() } : {}) }).nextRuns(3);
        setSaid(
          next.length === 0
            ? 'Never.'
            : `Next: ${next.map((d) => d.toLocaleString([], { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })).join(', ')}${timeZone.trim() ? ' (your time)' : ', if the machine’s time zone is yours'}.`,
        );
      } catch (error) {
        setSaid(error instanceof Error ? error.message : 'This is no cron expression.');
      }
    });
    return () => {
      current = false;
    };
  }, [cron, timeZone]);
  return (
    <p class="hint" aria-live="polite">
      {said}
    </p>
  );
}
