/** One run as a row: what it is, how it stands, when it last moved. */
import type { Run } from '../../shared/protocol.ts';
import type { MachineState } from '../state.ts';
import { oneLine } from '../text/visible.ts';
import { Icon } from './icon.tsx';
import { shortPath } from './paths.ts';
import { Text } from './text.tsx';
import { Age, durationText, now } from './time.tsx';

export interface RunWords {
  dot: string;
  text: string;
  chip: string;
}

export function runWords(run: Run): RunWords {
  const { status, exit } = run;
  switch (status.state) {
    case 'starting':
      return { dot: 'busy', text: 'Starting', chip: '' };
    case 'working':
      return { dot: 'busy', text: 'Working', chip: '' };
    case 'asking':
      return { dot: 'needs', text: 'Needs you', chip: 'needs' };
    case 'ready':
      return { dot: 'hollow', text: 'Ready for input', chip: '' };
    case 'error':
      return { dot: 'bad', text: status.retrying ? 'Error, trying again' : 'Error', chip: 'bad' };
    case 'limit':
      return { dot: 'bad', text: status.resetAt ? `Limit until ${status.resetAt}` : 'Limit reached', chip: 'bad' };
    case 'ended':
      if (!exit) return { dot: 'hollow', text: 'Ended', chip: '' };
      if (exit.signal) return { dot: 'bad', text: `Ended by ${exit.signal}`, chip: 'bad' };
      return exit.code === 0
        ? { dot: 'good', text: 'Done', chip: 'good' }
        : { dot: 'bad', text: `Failed (${exit.code ?? '?'})`, chip: 'bad' };
  }
}

export function RunRow({ machine, run, brief = false }: { machine: MachineState; run: Run; brief?: boolean }) {
  const words = runWords(run);
  const ended = run.status.state === 'ended';
  return (
    <a class="row" href={`/run/${machine.id}/${run.run}`}>
      <span class={`dot ${words.dot}`} />
      <span class="what">
        <span class="name cut">
          <Text value={oneLine(run.name, 80)} />
        </span>
        <span class="sub cut">
          {words.text}
          {!brief && (
            <>
              {' · '}
              <Text value={oneLine(run.agentTitle || run.agent, 30)} />
              {' · '}
              <Text value={shortPath(run.cwd)} class="mono" />
            </>
          )}
        </span>
      </span>
      <span class="hint">
        {ended && run.endedAt ? durationText(run.endedAt - run.startedAt) : null}
        {ended ? ' · ' : null}
        <Age atMs={ended ? (run.endedAt ?? run.lastActivityAt) : run.lastActivityAt} skewMs={machine.skewMs} />
      </span>
      {!brief && (
        <span class="more">
          <Icon name="next" small />
        </span>
      )}
    </a>
  );
}

/** Since the start, by the machine's clock. */
export const RunningFor = ({ run, skewMs }: { run: Run; skewMs: number }) => (
  <>{durationText((run.endedAt ?? now.value + skewMs) - run.startedAt)}</>
);
