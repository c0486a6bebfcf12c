/** One run: its output as it is written, its screen, its question in place, a line or keys to it, and stopping it. */

import { useEffect, useMemo, useState } from 'preact/hooks';
import { lazy, useLocation, useRoute } from 'preact-iso';
import { asClawError } from '../../shared/errors.ts';
import type { Run } from '../../shared/protocol.ts';
import { tryAsk } from '../client.ts';
import { follow } from '../machine/follow.ts';
import { saidOf, stands } from '../parts/answer-state.ts';
import { ConnectionBanner } from '../parts/connection.tsx';
import { Icon } from '../parts/icon.tsx';
import { KeyBar } from '../parts/key-bar.tsx';
import { LogView } from '../parts/log-view.tsx';
import { QuestionCard, titleOf, VerdictLine } from '../parts/question-card.tsx';
import { RunningFor, runWords } from '../parts/run-row.tsx';
import { ScreenView } from '../parts/screen-view.tsx';
import { SearchBar } from '../parts/search-bar.tsx';
import { Text } from '../parts/text.tsx';
import { now } from '../parts/time.tsx';
import { type Asked, app, asked, type MachineState, report } from '../state.ts';
import { isFinal } from '../store/answer-terms.ts';
import { LogModel } from '../text/log-model.ts';
import { oneLine } from '../text/visible.ts';

const TerminalView = lazy(() => import('../parts/terminal-view.tsx').then((m) => m.TerminalView));

type View = 'log' | 'screen' | 'terminal';
const VIEWS: readonly { view: View; label: string }[] = [
  { view: 'screen', label: 'Screen' },
  { view: 'log', label: 'Log' },
  { view: 'terminal', label: 'Terminal' },
];
/** Cursor moves after which output is taken for a painted screen rather than lines. */
const PAINTED = 40;

export function RunScreen() {
  const { params } = useRoute();
  const machineId = params['machine'] ?? '';
  const runId = params['run'] ?? '';
  const machine = app.value.machines.get(machineId);
  const run = machine?.runs.get(runId);
  if (!machine || !run) return <Missing known={machine !== undefined} />;
  return <OneRun key={`${machineId}/${runId}`} machine={machine} run={run} />;
}

function Missing({ known }: { known: boolean }) {
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>Run</h1>
      </header>
      <ConnectionBanner />
      <section class="empty">
        <h2>{known ? 'This run is not here any more' : 'Not known here'}</h2>
        <p>
          {known ? 'Its machine has cleared it away, or has not been heard yet.' : 'It belongs to a machine that is not on this account.'}
        </p>
        <a class="button" href="/jobs">
          Jobs
        </a>
      </section>
    </div>
  );
}

function useOutput(machine: string, run: string): LogModel {
  const log = useMemo(() => {
    let consumed: (bytes: number) => void = () => undefined;
    const model = new LogModel({ onConsumed: (bytes) => consumed(bytes) });
    return { model, connect: (to: (bytes: number) => void) => (consumed = to) };
  }, [machine, run]);
  useEffect(() => {
    const { model } = log;
    const feed = follow(machine, run, {
      data: (bytes) => model.data(bytes),
      gap: (from, to, why) => model.gap(from, to, why),
      end: () => model.end(),
      opened: ({ start, from }) => {
        if (model.entries.length === 0 && from > 0 && from === start) model.gap(0, start, 'trimmed');
      },
      failed: (error) => {
        const known = asClawError(error);
        if (known.code !== 'peer_offline' && !known.code.startsWith('e2e_')) report(known);
      },
    });
    log.connect(feed.consumed);
    return feed.close;
  }, [log, machine, run]);
  return log.model;
}

function OneRun({ machine, run }: { machine: MachineState; run: Run }) {
  const model = useOutput(machine.id, run.run);
  const [chosen, setChosen] = useState<View | null>(null);
  const [found, setFound] = useState<number | null>(null);
  const [searching, setSearching] = useState(false);
  // Read so that the choice below follows the output.
  void model.version.value;
  const painted = model.altScreen || model.addressing > PAINTED;
  const live = run.status.state !== 'ended';
  const preferred = painted ? (live ? 'screen' : 'terminal') : 'log';
  const view = chosen === 'screen' && !live ? preferred : (chosen ?? preferred);
  const cards = asked.value.filter((a) => a.question.run === run.run && a.question.question.kind !== 'idle' && stands(a, now.value));
  const standing = cards.filter((c) => c.question.state.state === 'open' || (c.answer && !isFinal(c.answer.verdict)));
  const settled = cards.find((c) => !standing.includes(c));
  const open = cards.some((c) => c.question.state.state === 'open');
  return (
    <div class="run">
      <RunHead machine={machine} run={run}>
        <div class="run-tools">
          <fieldset class="segments" aria-label="View">
            {VIEWS.filter((v) => live || v.view !== 'screen').map(({ view: name, label }) => (
              <button key={name} type="button" aria-pressed={view === name} onClick={() => setChosen(name)}>
                {label}
              </button>
            ))}
          </fieldset>
          {view === 'log' && (
            <button
              type="button"
              class="button plain square"
              aria-label="Search"
              aria-pressed={searching}
              onClick={() => {
                setSearching(!searching);
                setFound(null);
              }}
            >
              <Icon name="search" />
            </button>
          )}
          <CopyAll model={model} />
        </div>
        {searching && view === 'log' && <SearchBar model={model} show={setFound} />}
      </RunHead>
      <div class="run-main">
        {view === 'log' && <LogView model={model} found={found} />}
        {view === 'screen' && <ScreenView machine={machine.id} run={run.run} model={model} />}
        {view === 'terminal' && <TerminalView machine={machine.id} run={run.run} cols={run.cols} rows={run.rows} live={live} />}
      </div>
      <footer class="run-foot">
        {standing.length > 0 && <AskedHere cards={standing} />}
        {settled && standing.length === 0 && <SettledLine asked={settled} />}
        {live ? (
          <KeyBar machine={machine.id} run={run.run} closed={machine.status.state !== 'connected'} keysOnly={open} />
        ) : (
          <Ended run={run} />
        )}
      </footer>
    </div>
  );
}

/** What has just been dealt with, in a line: the output is what counts now. */
function SettledLine({ asked: settled }: { asked: Asked }) {
  const said = saidOf(settled);
  return said && <VerdictLine said={said} what={settled.answer?.what ?? ''} />;
}

/** The question in place, and out of the way while somebody reads. */
function AskedHere({ cards }: { cards: readonly Asked[] }) {
  const [folded, setFolded] = useState(false);
  const newest = cards[0]!;
  useEffect(() => setFolded(false), [newest.question.qid]);
  if (folded)
    return (
      <button type="button" class="button wide folded" onClick={() => setFolded(false)}>
        <span class="dot needs" />
        <Text value={titleOf(newest)} class="cut" />
        <Icon name="up" small />
      </button>
    );
  return (
    <>
      <button type="button" class="button plain slim fold-away" aria-label="Show output" onClick={() => setFolded(true)}>
        <Icon name="down" small />
        Output
      </button>
      {cards.map((card, i) => (
        <QuestionCard key={card.question.qid} asked={card} above={String(i)} bare />
      ))}
    </>
  );
}

function RunHead({ machine, run, children }: { machine: MachineState; run: Run; children: preact.ComponentChildren }) {
  const { route } = useLocation();
  const words = runWords(run);
  const live = run.status.state !== 'ended';
  return (
    <header class="run-head">
      <div class="line">
        <button
          type="button"
          class="button plain square"
          aria-label="Back"
          onClick={() => (history.length > 1 ? history.back() : route('/jobs'))}
        >
          <Icon name="back" />
        </button>
        <div class="grow">
          <h1 class="cut">
            <Text value={oneLine(run.name, 100)} />
          </h1>
          <p class="line small dim">
            <span class={`dot ${words.dot}`} />
            <span class="cut">
              {words.text} · <RunningFor run={run} skewMs={machine.skewMs} /> ·{' '}
              <Text value={oneLine(machine.about?.name ?? 'a machine', 40)} />
              {run.atDesk && live ? ' · at the desk too' : ''}
            </span>
          </p>
        </div>
        {live && <StopButton machine={machine} run={run} />}
      </div>
      <ConnectionBanner />
      {children}
    </header>
  );
}

/** Stops at the second tap: work may be lost. Where the agent does not listen, the third is not asked twice. */
function StopButton({ machine, run }: { machine: MachineState; run: Run }) {
  const [armed, setArmed] = useState(false);
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!armed) return;
    const timer = setTimeout(() => setArmed(false), 4_000);
    return () => clearTimeout(timer);
  }, [armed]);
  const stop = async (): Promise<void> => {
    if (!armed) return setArmed(true);
    setArmed(false);
    await tryAsk(machine.id, 'runs.stop', { run: run.run, ...(asked ? { hard: true } : {}) });
    setAsked(true);
  };
  return (
    <button
      type="button"
      class={armed ? 'button slim danger' : 'button slim'}
      disabled={machine.status.state !== 'connected'}
      onClick={() => void stop()}
    >
      <Icon name="stop" small />
      {armed ? (asked ? 'Kill it' : 'Tap again to stop') : 'Stop'}
    </button>
  );
}

function Ended({ run }: { run: Run }) {
  const words = runWords(run);
  return (
    <p class="line" role="status">
      <span class={`dot ${words.dot}`} />
      <span>
        {words.text}
        {run.exit?.reason && (
          <>
            : <Text value={run.exit.reason} />
          </>
        )}
      </span>
    </p>
  );
}

/** What is selected, else everything that is here; shared where the phone can, else copied. */
function CopyAll({ model }: { model: LogModel }) {
  const [said, setSaid] = useState('Copy');
  const act = async (): Promise<void> => {
    const text = String(document.getSelection() ?? '') || model.text();
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Not allowed');
    }
    setTimeout(() => setSaid('Copy'), 2_000);
  };
  return (
    <button type="button" class="button plain square" aria-label={said} title={said} onClick={() => void act()}>
      <Icon name={said === 'Copied' ? 'check' : 'copy'} />
    </button>
  );
}
