/**
 * A terminal at the desk of one run: changes its size, has everything drawn again, moves the highlight of a list while it stands; answers what a program asks
 * its terminal, as a real one does.
 */

import { RunStore } from '../../../daemon/runs/run-store.ts';
import { Screen } from '../../../daemon/screen.ts';
import { openState } from '../../../daemon/state.ts';
import type { Random } from '../../rig/random.ts';

export interface Desk {
  counts: { resizes: number; repaints: number; keys: number };
  /** Keys as somebody at the desk types them. */
  type(bytes: string): Promise<void>;
  leave(): void;
}

/** `inList`: a question with rows stands; keys are for those only, a field or a prompt would keep them. */
export async function sitDown(env: Record<string, string>, run: string, rng: Random, inList: () => boolean): Promise<Desk> {
  const store = new RunStore(openState(env));
  const record = store.get(run);
  if (!record) throw new Error(`there is no run ${run}`);
  const terminal = await store.connect(record.run, { role: 'terminal', cols: 100, rows: 30 });
  const screen = new Screen({
    cols: 100,
    rows: 30,
    scrollback: 100,
    onReply: (bytes) => void terminal.input(Buffer.from(bytes), { reply: true }).catch(() => undefined),
  });
  let shown = Promise.resolve();
  terminal.on('output', (bytes) => {
    shown = shown.then(() => screen.feed(bytes));
  });
  terminal.on('resized', ({ cols, rows }) => {
    shown = shown.then(() => screen.resize(cols, rows));
  });
  await terminal.subscribe(terminal.status.log.end, record.run.epoch);
  const counts = { resizes: 0, repaints: 0, keys: 0 };
  let timer: NodeJS.Timeout;
  const one = async (): Promise<void> => {
    const dice = rng.below(10);
    if (dice < 4) {
      counts.resizes++;
      await terminal.resize(60 + rng.below(80), 24 + rng.below(20));
    } else if (dice < 6) {
      counts.repaints++;
      await terminal.repaint();
    } else if (inList()) {
      // Down and up again: from its first row up, a list that scrolls goes to its end.
      await terminal.input(Buffer.from(counts.keys++ % 2 === 0 ? '\x1b[B' : '\x1b[A'), { typed: true });
    }
  };
  const next = (): void => {
    timer = setTimeout(() => void one().then(next, next), 150 + rng.below(1500));
  };
  next();
  return {
    counts,
    type: (bytes) => terminal.input(Buffer.from(bytes), { typed: true }),
    leave() {
      clearTimeout(timer);
      terminal.close();
      void shown.then(() => screen.dispose());
    },
  };
}
