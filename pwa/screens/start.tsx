/** Starting something: an agent with a prompt, a command, or a saved job. A text shared from another app arrives as the prompt. */

import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { randomId } from '../../shared/bytes.ts';
import { asClawError, type ClawError } from '../../shared/errors.ts';
import type { Start as StartRequest } from '../../shared/protocol.ts';
import { ask } from '../client.ts';
import { ConnectionBanner } from '../parts/connection.tsx';
import { CwdField, placesOf } from '../parts/cwd-field.tsx';
import { HiddenNote } from '../parts/hidden-note.tsx';
import { Icon } from '../parts/icon.tsx';
import { MachineChoice, machineOr } from '../parts/machine-choice.tsx';
import { Text } from '../parts/text.tsx';
import type { MachineState } from '../state.ts';
import { clearDraft, draft, setDraft } from '../store/drafts.ts';
import { shellWords, splitArgv } from '../text/argv.ts';
import { visibleText } from '../text/visible.ts';

type Kind = 'agent' | 'command' | 'job';
const KINDS: readonly { kind: Kind; label: string }[] = [
  { kind: 'agent', label: 'Agent' },
  { kind: 'command', label: 'Command' },
  { kind: 'job', label: 'Saved job' },
];
const PROMPT = 'start/prompt';
const COMMAND = 'start/command';

export function Start() {
  const { query, route } = useLocation();
  const [machineId, setMachineId] = useState<string | null>(null);
  const [kind, setKind] = useState<Kind>('agent');
  const machine = machineOr(machineId);

  // What another app shared becomes the prompt, once; the address is cleaned so that a reload does not bring it back.
  useEffect(() => {
    const shared = [query['title'], query['text'], query['url']].filter((t): t is string => !!t?.trim());
    if (shared.length === 0) return;
    setDraft(PROMPT, [...new Set(shared)].join('\n').slice(0, 60_000));
    route('/start', true);
  }, [query['title'], query['text'], query['url']]);

  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>Start</h1>
      </header>
      <ConnectionBanner />
      {!machine ? (
        <section class="empty">
          <h2>No machine yet</h2>
          <p>Connect one first.</p>
          <a class="button" href="/devices">
            Devices
          </a>
        </section>
      ) : (
        <div class="stack">
          <MachineChoice machine={machine} set={setMachineId} />
          <fieldset class="segments" aria-label="What to start">
            {KINDS.map(({ kind: name, label }) => (
              <button key={name} type="button" aria-pressed={kind === name} onClick={() => setKind(name)}>
                {label}
              </button>
            ))}
          </fieldset>
          {kind === 'agent' && <AgentForm key={machine.id} machine={machine} />}
          {kind === 'command' && <CommandForm key={machine.id} machine={machine} />}
          {kind === 'job' && <SavedJobs machine={machine} />}
        </div>
      )}
    </div>
  );
}

/** One start at a time; the request id makes a second tap, or a retry after a cut, the same start. */
function useStart(machine: MachineState) {
  const { route } = useLocation();
  const [requestId, setRequestId] = useState(randomId);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ClawError | null>(null);
  const start = async (request: (requestId: string) => StartRequest, done: () => void): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      const run = await ask(machine.id, 'runs.start', request(requestId), 30_000);
      done();
      setRequestId(randomId());
      route(`/run/${machine.id}/${run.run}`);
    } catch (thrown) {
      const known = asClawError(thrown);
      setError(known);
      // The machine has judged this one; the next is another.
      if (known.code !== 'request_timeout' && !known.code.startsWith('e2e_')) setRequestId(randomId());
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, start, offline: machine.status.state !== 'connected' };
}

function StartButton({ busy, error, offline, ready }: { busy: boolean; error: ClawError | null; offline: boolean; ready: boolean }) {
  return (
    <>
      {error && (
        <p class="error-text" role="alert">
          <Text value={error.message} /> {error.hint && <Text value={error.hint} />}
        </p>
      )}
      <button type="submit" class="button main wide" disabled={busy || offline || !ready}>
        <Icon name="play" small />
        {offline ? 'Machine is offline' : busy ? 'Starting…' : 'Start'}
      </button>
    </>
  );
}

function AgentForm({ machine }: { machine: MachineState }) {
  const agents = machine.about?.agents ?? [];
  const installed = agents.filter((a) => a.installed);
  const [agent, setAgent] = useState(installed[0]?.name ?? '');
  const [cwd, setCwd] = useState(placesOf(machine)[0] ?? '');
  const [model, setModel] = useState('');
  const [flags, setFlags] = useState('');
  const prompt = draft(PROMPT);
  const { start, ...state } = useStart(machine);
  const split = flags.trim() ? splitArgv(flags) : { argv: [] };
  const submit = (event: Event): void => {
    event.preventDefault();
    if ('problem' in split) return;
    void start(
      (requestId) => ({
        from: 'agent',
        requestId,
        agent,
        cwd,
        ...(prompt.value.trim() ? { prompt: prompt.value } : {}),
        ...(model.trim() ? { model: model.trim() } : {}),
        ...(split.argv.length > 0 ? { flags: split.argv } : {}),
      }),
      () => clearDraft(PROMPT),
    );
  };
  if (installed.length === 0)
    return (
      <p class="panel dim">
        No agent was found on this machine. Install one there, for example <code class="mono">npm i -g @anthropic-ai/claude-code</code>, or
        start a command.
      </p>
    );
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span class="label">Agent</span>
        <select value={agent} onChange={(event) => setAgent(event.currentTarget.value)}>
          {installed.map((a) => (
            <option key={a.name} value={a.name}>
              {visibleText(a.title)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span class="label">Prompt</span>
        <textarea
          rows={5}
          value={prompt.value}
          placeholder="What should it do? Empty opens it ready for input."
          onInput={(event) => setDraft(PROMPT, event.currentTarget.value)}
        />
      </label>
      <CwdField machine={machine} value={cwd} set={setCwd} />
      <details class="fold">
        <summary>
          <Icon name="next" small />
          Model and flags
        </summary>
        <div class="stack">
          <label class="field">
            <span class="label">Model</span>
            <input
              class="mono"
              autocapitalize="none"
              spellcheck={false}
              value={model}
              placeholder="the agent’s own default"
              onInput={(event) => setModel(event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span class="label">Flags</span>
            <input
              class="mono"
              autocapitalize="none"
              spellcheck={false}
              value={flags}
              placeholder="--permission-mode plan"
              onInput={(event) => setFlags(event.currentTarget.value)}
            />
            {'problem' in split && <span class="error-text">{split.problem}</span>}
          </label>
        </div>
      </details>
      <HiddenNote fields={{ Prompt: prompt.value, Directory: cwd, Model: model, Flags: flags }} />
      <StartButton {...state} ready={cwd.trim() !== '' && agent !== ''} />
    </form>
  );
}

function CommandForm({ machine }: { machine: MachineState }) {
  const [cwd, setCwd] = useState(placesOf(machine)[0] ?? '');
  const line = draft(COMMAND);
  const { start, ...state } = useStart(machine);
  const split = splitArgv(line.value);
  const shell = 'argv' in split ? shellWords(split.argv) : [];
  const submit = (event: Event): void => {
    event.preventDefault();
    if ('argv' in split)
      void start(
        (requestId) => ({ from: 'command', requestId, argv: split.argv, cwd }),
        () => clearDraft(COMMAND),
      );
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span class="label">Command</span>
        <input
          class="mono"
          autocapitalize="none"
          autocorrect="off"
          spellcheck={false}
          value={line.value}
          placeholder="npm test -- --run"
          onInput={(event) => setDraft(COMMAND, event.currentTarget.value)}
        />
        {'problem' in split && line.value !== '' && <span class="error-text">{split.problem}</span>}
        {shell.length > 0 && (
          <span class="hint">
            No shell is involved, so <code class="mono">{shell.join(' ')}</code> is passed on as it stands. For a shell: sh -c "…".
          </span>
        )}
      </label>
      <CwdField machine={machine} value={cwd} set={setCwd} />
      <HiddenNote fields={{ Command: line.value, Directory: cwd }} />
      <StartButton {...state} ready={'argv' in split && cwd.trim() !== ''} />
    </form>
  );
}

function SavedJobs({ machine }: { machine: MachineState }) {
  const jobs = [...machine.jobs.values()];
  if (jobs.length === 0)
    return (
      <div class="panel">
        <p class="dim">Nothing is saved on this machine yet.</p>
        <a class="button" href={`/jobs/${machine.id}/new`}>
          New job
        </a>
      </div>
    );
  return (
    <ul class="rows">
      {jobs.map((view) => (
        <li key={view.job.name}>
          <a class="row" href="/jobs">
            <span class="what">
              <span class="name">
                <Text value={view.job.name} />
              </span>
              <span class="sub cut">
                <Text value={view.job.description ?? view.job.prompt ?? (view.job.command ?? []).join(' ')} />
              </span>
            </span>
            <Icon name="next" small />
          </a>
        </li>
      ))}
    </ul>
  );
}
