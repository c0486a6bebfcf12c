/**
 * Makes characters that a reader cannot see, or that change the order of what is read, into visible tokens (security.md T-26). Pure; the
 * drawing is parts/text.tsx.
 */

export type Piece = { text: string } | { token: string; name: string };

const NAMES: Record<number, string> = {
  160: 'no-break space',
  173: 'soft hyphen',
  1564: 'Arabic letter mark',
  6158: 'Mongolian vowel separator',
  8203: 'zero width space',
  8204: 'zero width non-joiner',
  8205: 'zero width joiner',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'pop directional formatting',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8288: 'word joiner',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'pop directional isolate',
  65279: 'zero width no-break space',
};

// C0 without tab and newline, DEL, C1; unusual spaces; marks and overrides; fillers that draw nothing; tags; supplementary selectors.
const HIDDEN =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the class is meant to hold single code points, joiners and selectors included
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
const PICTOGRAPH_BEFORE = /(?:\p{Extended_Pictographic}|\u{fe0f}|[\u{1f3fb}-\u{1f3ff}])$/u;
const PICTOGRAPH_AFTER = /^\p{Extended_Pictographic}/u;

function nameOf(code: number): string {
  if (NAMES[code]) return NAMES[code];
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 'control character';
  if (code >= 0xe0000 && code <= 0xe007f) return 'tag character';
  return 'invisible character';
}

/** Text in runs, with a token for each hidden character. A joiner inside an emoji stays what it is. */
export function splitVisible(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const at = match.index;
    const char = match[0];
    const code = char.codePointAt(0)!;
    if (code === 0x200d && PICTOGRAPH_BEFORE.test(text.slice(Math.max(0, at - 2), at)) && PICTOGRAPH_AFTER.test(text.slice(at + 1, at + 3)))
      continue;
    if (at > from) pieces.push({ text: text.slice(from, at) });
    const control = code < 0x20 ? `^${String.fromCharCode(code + 64)}` : code === 0x7f ? '^?' : null;
    pieces.push({ token: control ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, name: nameOf(code) });
    from = at + char.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

/** The same as one string: `⟦U+202E⟧` in place of the character. For places that take only text. */
export function visibleText(text: string): string {
  return splitVisible(text)
    .map((p) => ('text' in p ? p.text : `⟦${p.token}⟧`))
    .join('');
}

const LATIN = /\p{Script=Latin}/u;
const LOOKALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

/** Words that mix Latin letters with those of a script full of look-alikes; at most three, for a warning. */
export function mixedScriptWords(text: string): string[] {
  const found = new Set<string>();
  if (!LOOKALIKE.test(text)) return [];
  for (const word of text.split(/[^\p{L}\p{M}\p{N}]+/u)) {
    if (LATIN.test(word) && LOOKALIKE.test(word)) found.add(word.slice(0, 40));
    if (found.size === 3) break;
  }
  return [...found];
}

/** One line of at most `max` characters, cut with an ellipsis: for names and titles. Only ordinary blanks are joined: the others are to be seen. */
export function oneLine(text: string, max = 200): string {
  const flat = text.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '');
  return flat.length > max ? `${flat.slice(0, max - 1)}…` : flat;
}
