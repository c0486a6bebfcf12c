/** A saved job: what it starts, where, with which parameters, and when by itself. The machine has the last word on whether it is right. */

import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { asClawError, type ClawError } from '../../shared/errors.ts';
import type { Job } from '../../shared/protocol.ts';
import { ask, tryAsk } from '../client.ts';
import { ConnectionBanner } from '../parts/connection.tsx';
import { CwdField, placesOf } from '../parts/cwd-field.tsx';
import { HiddenNote } from '../parts/hidden-note.tsx';
import { Icon } from '../parts/icon.tsx';
import { ScheduleFields } from '../parts/schedule-fields.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { Text } from '../parts/text.tsx';
import { app, type MachineState } from '../state.ts';
import { fieldsOf, type JobFields, jobOf } from '../text/job-fields.ts';
import { visibleText } from '../text/visible.ts';

const NAME = '[a-z0-9][a-z0-9._\\-]{0,62}';

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
  const [f, setFields] = useState(() =>
    fieldsOf(before, { agent: machine.about?.agents.find((a) => a.installed)?.name ?? '', cwd: placesOf(machine)[0] ?? '' }),
  );
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ClawError | null>(null);
  const [removing, setRemoving] = useState(false);
  const set = (change: Partial<JobFields>): void => setFields({ ...f, ...change });
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
      <HiddenNote fields={textsOf(f)} />
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

/** What the form holds as free text, by the name of its field. */
const textsOf = (f: JobFields): Record<string, string> => ({
  ...(f.type === 'agent' ? { Prompt: f.prompt, Model: f.model, Flags: f.flags } : { Command: f.command }),
  Directory: f.cwd,
  ...Object.fromEntries(
    f.parameters.flatMap((p, i) => [
      [`Parameter ${i + 1}`, p.name],
      [`Default of parameter ${i + 1}`, p.default],
    ]),
  ),
  Cron: f.cron,
  'Time zone': f.timeZone,
  Description: f.description,
});

interface PartProps {
  f: JobFields;
  set(change: Partial<JobFields>): void;
}

function AgentFields({ f, set, machine }: PartProps & { machine: MachineState }) {
  return (
    <>
      <label class="field">
        <span class="label">Agent</span>
        <select value={f.agent} onChange={(event) => set({ agent: event.currentTarget.value })}>
          {machine.about?.agents.map((a) => (
            <option key={a.name} value={a.name}>
              {visibleText(a.title)}
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
  const change = (at: number, next: Partial<JobFields['parameters'][number]>): void =>
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
