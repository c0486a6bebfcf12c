/** From key names (`enter`, `ctrl-c`, `y`) to the bytes a terminal sends for them. Pure. */
import { ClawError } from '../../../shared/errors.ts';

const NAMED: Record<string, string> = {
  enter: '\r',
  esc: '\x1b',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  'shift-left': '\x1b[1;2D',
  'ctrl-]': '\x1d',
  space: ' ',
  backspace: '\x7f',
  delete: '\x1b[3~',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
};
const CURSOR: Record<string, string> = { up: 'A', down: 'B', right: 'C', left: 'D', home: 'H', end: 'F' };

/** The bytes for one key; `applicationCursor` is the mode of the screen the program runs on. Throws `bad_choice` for an unknown name. */
export function keyBytes(key: string, applicationCursor = false): string {
  const cursor = CURSOR[key];
  if (cursor !== undefined) return `${applicationCursor ? '\x1bO' : '\x1b['}${cursor}`;
  const named = NAMED[key];
  if (named !== undefined) return named;
  const control = /^ctrl-([a-z])$/.exec(key);
  if (control !== null) return String.fromCharCode(control[1]!.charCodeAt(0) - 96);
  if ([...key].length === 1) return key;
  throw new ClawError('bad_choice', `There is no key "${key}".`);
}

/** `count` times the same key, for moving through a list. */
export function times(key: string, count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, () => key);
}

/** The arrow keys that move a highlight from row `from` to row `to`, then `after`. */
export function moveKeys(from: number, to: number, after: readonly string[] = ['enter'], forward = 'down', back = 'up'): string[] {
  return [...(to >= from ? times(forward, to - from) : times(back, from - to)), ...after];
}
