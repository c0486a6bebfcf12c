/**
 * What V8 is told about memory. What is received lies outside of its heap, and it looks for what of that is garbage only when 32 MB lie about, in one go that
 * costs more than the frames did; so it is counted here. (That the young space stays small after a storm of connects is a matter of the command line:
 * `--max-semi-space-size=4`, 9 kB a connection instead of 24.)
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Between two collections of the young space; each takes about 0.3 ms. */
const COLLECT_EVERY_BYTES = 8 << 20;

type Collect = (options: { type: 'minor' }) => void;

let collect: Collect | null = null;
let counted = 0;

function collector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}

/** So many bytes were received. What is dropped for a slow reader counts once more: nothing else bounds how much of it lies about. */
export function countReceived(bytes: number): void {
  counted += bytes;
  if (counted < COLLECT_EVERY_BYTES) return;
  counted = 0;
  collect ??= collector();
  collect({ type: 'minor' });
}

/**
 * While the relay starts, code runs that never runs again: it is not optimized, and the young space does not grow for it. 12 MB less in an idle relay, and no
 * longer start. Call what is returned before the first request: from then on all is as ever.
 */
export function startSmall(): () => void {
  for (const flag of ['--no-opt', '--semi-space-growth-factor=1']) setFlagsFromString(flag);
  return () => {
    for (const flag of ['--opt', '--semi-space-growth-factor=2']) setFlagsFromString(flag);
  };
}
