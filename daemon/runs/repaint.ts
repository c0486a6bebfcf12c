/** The screen of a live run, rebuilt from its log: what `clawtab attach` paints first, in full, whatever program runs there. */
import { Screen } from '../screen.ts';
import type { HolderClient } from './holder-client.ts';

/** As much of the log as is replayed at most: about half a second of parsing. What is older has scrolled away. */
const REPLAY_BYTES = 8 << 20;
/** Lines above the screen that are given to the terminal's own scrollback. */
const SCROLLBACK_LINES = 2000;

export interface Repaint {
  /** Escape sequences that paint the screen with its modes, from the cursor on; what stood on the terminal scrolls up. */
  paint: string;
  /** Offset where live output goes on. */
  from: number;
}

/** Reads the log up to its end as it is now, through `client`: a viewer of its own, closed afterwards. `size`: of the terminal to be painted. */
export async function rebuildScreen(client: HolderClient, size: { cols: number; rows: number }): Promise<Repaint> {
  const { log, cols, rows } = client.status;
  const screen = new Screen({ cols, rows, scrollback: SCROLLBACK_LINES });
  try {
    if (log.end > log.start) await replay(client, screen, Math.max(log.start, log.end - REPLAY_BYTES), log.end);
    // The run gets this size too, as soon as the terminal has joined.
    screen.resize(size.cols, size.rows);
    const { cursor } = screen.view();
    const clear = `${'\r\n'.repeat(size.rows)}\x1b[H`;
    return { paint: `${clear}${screen.serialize(SCROLLBACK_LINES)}${cursor.visible ? '' : '\x1b[?25l'}`, from: log.end };
  } finally {
    screen.dispose();
    client.close();
  }
}

function replay(client: HolderClient, screen: Screen, from: number, end: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // In order: the parser works asynchronously, and a size belongs between two pieces of output.
    let fed: Promise<void> = Promise.resolve();
    const finish = (): void => {
      client.pause();
      fed.then(resolve, reject);
    };
    client.on('resized', (size) => {
      fed = fed.then(() => screen.resize(size.cols, size.rows));
    });
    client.on('output', (bytes, offset) => {
      if (offset >= end) return;
      const wanted = bytes.subarray(0, end - offset);
      client.pause();
      fed = fed.then(() => screen.feed(wanted)).then(() => client.resume());
      if (offset + wanted.length >= end) finish();
    });
    client.on('gap', (gap) => {
      if (gap.to >= end) finish();
    });
    client.on('exit', finish);
    client.on('lost', finish);
    client.subscribe(from, client.status.log.epoch).catch(reject);
  });
}
