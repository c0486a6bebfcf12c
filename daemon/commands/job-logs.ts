/** `clawtab jobs logs`: the bytes of a run as they are, from its log, live or not; needs no daemon. Gaps are told on standard error. */
import { once } from 'node:events';
import { EXIT } from '../../shared/errors.ts';
import type { OutputTap } from '../output-streams.ts';
import { outputTaps } from '../output-taps.ts';
import { RunStore } from '../runs/run-store.ts';
import { TerminalModes } from '../runs/terminal-modes.ts';
import { QueryFilter } from '../runs/terminal-queries.ts';
import { openState } from '../state.ts';
import { dim } from './print.ts';

export async function printLog(text: string, follow: boolean): Promise<void> {
  const store = new RunStore(openState());
  const { run, exit } = store.find(text);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // At a terminal it is a picture, not the program itself: nothing is asked of the terminal, and it is left as it was.
  const screen = process.stdout.isTTY === true ? { modes: new TerminalModes(), queries: new QueryFilter() } : null;
  const interrupted = (): void => {
    process.exitCode = EXIT.interrupted;
    finish();
  };
  process.on('SIGINT', interrupted);
  let last = 0;
  let tap: OutputTap | null = null;
  tap = await outputTaps(store).tap(
    run.id,
    {},
    {
      data: (offset, bytes) => {
        last = offset + bytes.length;
        const shown = screen?.queries.feed(bytes) ?? bytes;
        screen?.modes.feed(shown);
        // A reader that is slower than the log holds it back.
        if (!process.stdout.write(shown)) {
          tap?.pause();
          void once(process.stdout, 'drain').then(() => tap?.resume());
        }
        if (!follow && tap && last >= tap.end) finish();
      },
      gap: (from, to, why) => void process.stderr.write(`${dim(`[${to - from} bytes are not kept any more: ${why}]`, process.stderr)}\n`),
      end: () => finish(),
      lost: () => finish(),
    },
  );
  if (!follow && Math.max(tap.from, last) >= tap.end) finish();
  tap.resume();
  await finished;
  tap.close();
  process.off('SIGINT', interrupted);
  if (screen !== null) process.stdout.write(screen.modes.restore());
  if (screen?.modes.onAlternate === true && exit === null)
    process.stderr.write(`clawtab: ${run.name} draws the whole screen\ntry: clawtab attach ${run.id}\n`);
}
