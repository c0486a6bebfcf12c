/**
 * Labels a recording by looking for the asked words on its screens: from when to when they stood. Owns no knowledge of dialogs and uses none of
 * the readers, so that a label can prove a reader wrong; frames, pointers and line breaks are passed over by comparing bare characters.
 */
import type { ScreenView } from '../../daemon/agents/agent.ts';
import { parseCast } from '../../daemon/replay.ts';
import { Screen } from '../../daemon/screen.ts';
import type { Expected } from './takes.ts';

export interface Span {
  firstS: number;
  endS: number | null;
}

/** A standing question may be half repainted for this long without having gone, seconds. */
const REPAINT_S = 0.3;
/** White space, box drawing, block elements and scroll bars. */
const NOT_TEXT = /[\s\u2500-\u259f]/gu;

/** A key named behind a label: of a label that wraps, it stands between its rows. */
const HINT = /\([^()]{1,12}\)/gu;

const bare = (text: string): string => text.replace(NOT_TEXT, '');

/** Does the screen hold that text, wherever its lines break? */
export function shows(view: ScreenView, text: string): boolean {
  const screen = view.lines().join('\n');
  return bare(screen).includes(bare(text)) || bare(screen.replace(HINT, '')).includes(bare(text));
}

/** Those of its options that can be read on the screen as written. */
export function readable(view: ScreenView, expected: Expected): string[] {
  return expected.options.filter((label) => shows(view, label));
}

/** Its text stands, and all of these options. */
export function stands(view: ScreenView, text: string, options: readonly string[]): boolean {
  return shows(view, text) && options.every((label) => shows(view, label));
}

/**
 * When the words that stood at `askedS` came, and when they had gone after the last key of the answer (an answer in one's own words may take
 * the place of the options while it is typed). @throws where they did not stand then
 */
export async function standingSpan(cast: string, text: string, options: readonly string[], askedS: number): Promise<Span> {
  const { cols, rows, events } = parseCast(cast, 'the recording');
  const answeredS = Math.max(askedS, ...events.filter(({ type }) => type === 'i').map(({ atMs }) => atMs / 1000));
  const screen = new Screen({ cols, rows });
  let firstS: number | null = null;
  let goneS: number | null = null;
  try {
    for (const [at, { atMs, type, data }] of events.entries()) {
      const size = type === 'r' ? /^(\d+)x(\d+)$/.exec(data) : null;
      if (size) screen.resize(Number(size[1]), Number(size[2]));
      if (type === 'o') await screen.feed(data);
      // What is written within one millisecond is one picture.
      if (events[at + 1] !== undefined && events[at + 1]!.atMs - atMs < 1) continue;
      const atS = atMs / 1000;
      const standing = stands(screen.view(), text, options);
      if (atS > answeredS) {
        if (firstS === null || (goneS !== null && goneS <= askedS)) break;
        if (!standing) return { firstS, endS: atS };
      } else if (!standing) goneS ??= atS;
      else {
        if (firstS === null || (goneS !== null && atS <= askedS && atS - goneS > REPAINT_S)) firstS = atS;
        goneS = null;
      }
    }
  } finally {
    screen.dispose();
  }
  if (firstS === null || firstS > askedS || (goneS !== null && goneS <= askedS))
    throw new Error(`“${text}” did not stand on the screen at ${askedS} s`);
  return { firstS, endS: null };
}
