/** For agents that paint a whole screen: the machine's own screen as text, refreshed when output comes, one request at a time. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { asClawError } from '../../shared/errors.ts';
import { ask } from '../client.ts';
import type { LogModel } from '../text/log-model.ts';
import { type ReadingRow, readingRows, screenLines } from '../text/reading.ts';
import { StyledLine } from './styled-line.tsx';

/** Rest between two looks, ms: a spinner need not be followed frame by frame. */
const REST_MS = 120;

export interface ScreenViewProps {
  machine: string;
  run: string;
  model: LogModel;
}

export function ScreenView({ machine, run, model }: ScreenViewProps) {
  const [rows, setRows] = useState<readonly ReadingRow[] | null>(null);
  const [trouble, setTrouble] = useState('');
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    let dirty = false;
    let busy = false;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      if (busy || over) {
        dirty = true;
        return;
      }
      busy = true;
      dirty = false;
      try {
        const screen = await ask(machine, 'runs.screen', { run });
        if (!over) {
          setRows(readingRows(screenLines(screen.ansi, screen.text)));
          setTrouble('');
        }
      } catch (error) {
        if (!over) setTrouble(asClawError(error).message);
      }
      timer = setTimeout(() => {
        busy = false;
        if (dirty) void look();
      }, REST_MS);
    };
    void look();
    const stop = model.version.subscribe(() => void look());
    return () => {
      over = true;
      clearTimeout(timer);
      stop();
    };
  }, [machine, run, model]);

  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [rows]);

  return (
    <section
      ref={box}
      class="screen-text"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      aria-label="Screen"
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {rows === null && !trouble && <p class="dim">Looking at the screen…</p>}
      {rows === null && trouble && <p class="dim">{trouble}</p>}
      {rows?.map((row, i) =>
        'rule' in row ? (
          <hr key={`${i}`} />
        ) : (
          <div key={`${i}`} class="row-line">
            <StyledLine line={row.line} />
          </div>
        ),
      )}
      {rows?.length === 0 && <p class="dim">The screen is empty.</p>}
    </section>
  );
}
