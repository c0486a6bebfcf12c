/** What runs, what is saved, what has been: one section a machine, live. */
import { useRef, useState } from 'preact/hooks';
import { randomId } from '../../shared/bytes.ts';
import type { JobView, Run } from '../../shared/protocol.ts';
import { tryAsk } from '../client.ts';
import { ConnectionBanner, MachineDot } from '../parts/connection.tsx';
import { Icon } from '../parts/icon.tsx';
import { RunRow } from '../parts/run-row.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { Text } from '../parts/text.tsx';
import { Age, now } from '../parts/time.tsx';
import { app, type MachineState } from '../state.ts';
import { oneLine, visibleText } from '../text/visible.ts';

export function Jobs() {
  const machines = [...app.value.machines.values()];
  return (
    <div class="page">
      <header class="page-head">
        <h1>Jobs</h1>
        <a class="button main slim" href="/start">
          <Icon name="plus" small />
          Start
        </a>
      </header>
      <ConnectionBanner />
      <div class="stack loose">
        {machines.map((machine) => (
          <MachineJobs key={machine.id} machine={machine} alone={machines.length === 1} />
        ))}
        {machines.length === 0 && (
          <section class="empty">
            <h2>No machine yet</h2>
            <p>Connect one first: its runs and saved jobs appear here.</p>
            <a class="button" href="/devices">
              Devices
            </a>
          </section>
        )}
      </div>
    </div>
  );
}

function MachineJobs({ machine, alone }: { machine: MachineState; alone: boolean }) {
  const runs = [...machine.runs.values()].sort((a, b) => b.lastActivityAt - a.lastActivityAt);
  const live = runs.filter((r) => r.status.state !== 'ended');
  const ended = runs.filter((r) => r.status.state === 'ended');
  const jobs = [...machine.jobs.values()].sort((a, b) => a.job.name.localeCompare(b.job.name));
  return (
    <section class="stack" aria-label={visibleText(machine.about?.name ?? 'Machine')}>
      <div class="group-head">
        <Icon name="laptop" small />
        <h2 class="title grow cut">
          <a href={`/machine/${machine.id}`} class="quiet">
            <Text value={machine.about?.name ?? 'A machine'} />
          </a>
        </h2>
        <MachineDot machine={machine} />
      </div>
      {machine.asOfMs === null ? (
        <div class="skeleton card-shape" role="status" aria-label="Loading" />
      ) : (
        <>
          <Group title="Running">
            {live.map((run) => (
              <RunRow key={run.run} machine={machine} run={run} />
            ))}
            {live.length === 0 && <p class="row dim">Nothing runs{alone ? '' : ' here'}.</p>}
          </Group>
          {jobs.length > 0 && (
            <Group title="Saved">
              {jobs.map((job) => (
                <JobRow key={job.job.name} machine={machine} view={job} />
              ))}
            </Group>
          )}
          <a class="button slim" href={`/jobs/${machine.id}/new`}>
            <Icon name="plus" small />
            New job
          </a>
          <History machine={machine} recent={ended} />
        </>
      )}
    </section>
  );
}

function Group({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return (
    <div class="group">
      <div class="group-head">
        <h3 class="caption">{title}</h3>
      </div>
      <div class="rows">{children}</div>
    </div>
  );
}

function whenText(atMs: number, skewMs: number): string {
  const at = new Date(atMs - skewMs);
  const soon = at.getTime() - now.value < 20 * 3_600_000;
  return soon
    ? at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : at.toLocaleString([], { weekday: 'short', hour: '2-digit', minute: '2-digit' });
}

function JobRow({ machine, view }: { machine: MachineState; view: JobView }) {
  const { job } = view;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const last = view.lastRun ? machine.runs.get(view.lastRun) : undefined;
  const start = async (parameters?: Record<string, string>): Promise<void> => {
    setBusy(true);
    await tryAsk(machine.id, 'runs.start', { from: 'job', requestId: randomId(), job: job.name, ...(parameters ? { parameters } : {}) });
    setBusy(false);
    setAsking(false);
  };
  const what = job.type === 'agent' ? (job.agent ?? 'agent') : (job.command ?? []).join(' ');
  return (
    <div class="row">
      <span class="what">
        <span class="name cut">
          <Text value={job.name} />
        </span>
        <span class="sub cut">
          <Text value={oneLine(what, 80)} />
          {job.schedule && !job.schedule.paused && view.nextAt !== undefined && ` · next ${whenText(view.nextAt, machine.skewMs)}`}
          {job.schedule?.paused && ' · paused'}
          {last && (
            <>
              {' · ran '}
              <Age atMs={last.endedAt ?? last.startedAt} skewMs={machine.skewMs} ago />
            </>
          )}
        </span>
        {view.problem && (
          <span class="error-text small">
            <Text value={view.problem} />
          </span>
        )}
      </span>
      <a class="button plain square" href={`/jobs/${machine.id}/${job.name}`} aria-label={`Edit ${visibleText(job.name)}`}>
        <Icon name="edit" small />
      </a>
      <button
        type="button"
        class="button square"
        disabled={busy || machine.status.state !== 'connected'}
        aria-label={`Start ${visibleText(job.name)}`}
        title="Start"
        onClick={() => ((job.parameters?.length ?? 0) > 0 ? setAsking(true) : void start())}
      >
        <Icon name="play" small />
      </button>
      {asking && <Parameters view={view} busy={busy} start={(p) => void start(p)} close={() => setAsking(false)} />}
    </div>
  );
}

function Parameters({
  view,
  busy,
  start,
  close,
}: {
  view: JobView;
  busy: boolean;
  start(parameters: Record<string, string>): void;
  close(): void;
}) {
  const list = view.job.parameters ?? [];
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(list.map((p) => [p.name, p.default ?? ''])));
  return (
    <Sheet title={`Start ${view.job.name}`} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          start(values);
        }}
      >
        {list.map((p) => (
          <div class="field" key={p.name}>
            <label for={`p-${p.name}`}>
              <Text value={p.name} />
            </label>
            <input
              id={`p-${p.name}`}
              value={values[p.name]}
              onInput={(event) => setValues({ ...values, [p.name]: event.currentTarget.value })}
            />
            {p.description && (
              <span class="hint">
                <Text value={p.description} />
              </span>
            )}
          </div>
        ))}
        <button type="submit" class="button main wide" disabled={busy}>
          Start
        </button>
      </form>
    </Sheet>
  );
}

const PAGE = 30;

/** A history of so many runs is shown at once. */
const UNFOLDED_RUNS = 6;

/** What the machine remembers: the newest are there already, older ones and a search are asked for. */
function History({ machine, recent }: { machine: MachineState; recent: readonly Run[] }) {
  const [older, setOlder] = useState<readonly Run[]>([]);
  const [search, setSearch] = useState('');
  const [found, setFound] = useState<readonly Run[] | null>(null);
  const [done, setDone] = useState(false);
  const shown = found ?? [...recent, ...older.filter((o) => !recent.some((r) => r.run === o.run))];
  const more = async (): Promise<void> => {
    const last = shown.at(-1);
    const result = await tryAsk(machine.id, 'runs.history', { limit: PAGE, ...(last ? { before: last.startedAt } : {}) });
    if (!result) return;
    setOlder([...older, ...result.runs]);
    setDone(result.runs.length < PAGE);
  };
  const look = async (text: string): Promise<void> => {
    setSearch(text);
    if (!text.trim()) return setFound(null);
    const result = await tryAsk(machine.id, 'runs.history', { limit: PAGE, search: text.trim() });
    if (result) setFound(result.runs);
  };
  // Said once: a run that ends must not fold the list under a finger.
  const short = useRef<boolean | null>(null);
  if (short.current === null && recent.length > 0) short.current = recent.length <= UNFOLDED_RUNS;
  return (
    <details class="fold" open={short.current === true}>
      <summary>
        <Icon name="next" small />
        History{recent.length > 0 ? ` (${recent.length}${done ? '' : '+'})` : ''}
      </summary>
      <div class="stack tight">
        <input
          class="input"
          type="search"
          aria-label="Search history"
          placeholder="Search history"
          value={search}
          onChange={(event) => void look(event.currentTarget.value)}
        />
        <div class="rows">
          {shown.map((run) => (
            <RunRow key={run.run} machine={machine} run={run} />
          ))}
          {shown.length === 0 && <p class="row dim">{found ? 'Nothing found.' : 'No run has ended yet.'}</p>}
        </div>
        {!found && !done && (
          <button type="button" class="button slim" disabled={machine.status.state !== 'connected'} onClick={() => void more()}>
            Older runs
          </button>
        )}
      </div>
    </details>
  );
}
