/** SGR attributes of terminal text: a small interned table, so that a line of a million-line log carries numbers, not objects. */

/** `null` default, 0-255 palette, else `#rrggbb`. */
export type Colour = number | string | null;

export interface TextStyle {
  fg: Colour;
  bg: Colour;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  strike: boolean;
  hidden: boolean;
}

export const PLAIN: TextStyle = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
  hidden: false,
};

/** More combinations than any program uses on purpose; past it the nearest thing is plain text. */
const MAX_STYLES = 4096;
const styles: TextStyle[] = [PLAIN];
const ids = new Map<string, number>([[JSON.stringify(PLAIN), 0]]);

/** The number that stands for `style`; 0 is plain. */
export function styleId(style: TextStyle): number {
  const key = JSON.stringify(style);
  const known = ids.get(key);
  if (known !== undefined) return known;
  if (styles.length >= MAX_STYLES) return 0;
  ids.set(key, styles.length);
  return styles.push({ ...style }) - 1;
}

export const styleOf = (id: number): TextStyle => styles[id] ?? PLAIN;

/** Where a sequence leads from a style: programs use the same few again and again. */
const steps = new Map<string, number>();
const MAX_STEPS = 8192;

/** Number of the style after SGR `params` on style `from`. */
export function styleAfter(from: number, params: string): number {
  const key = `${from};${params}`;
  const known = steps.get(key);
  if (known !== undefined) return known;
  const next = styleId(applySgr(styleOf(from), params));
  if (steps.size < MAX_STEPS) steps.set(key, next);
  return next;
}

const clampByte = (n: number): number => Math.min(255, Math.max(0, n));

/** `38;5;n`, `38;2;r;g;b` and their colon forms; returns the colour and how many parameters it took, or null. */
function extended(params: readonly number[], at: number): { colour: Colour; used: number } | null {
  if (params[at + 1] === 5 && params[at + 2] !== undefined) return { colour: clampByte(params[at + 2]!), used: 2 };
  if (params[at + 1] !== 2 || params[at + 4] === undefined) return null;
  const hex = params.slice(at + 2, at + 5).map((n) => clampByte(n).toString(16).padStart(2, '0'));
  return { colour: `#${hex.join('')}`, used: 4 };
}

const SET: Record<number, Partial<TextStyle>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  8: { hidden: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  28: { hidden: false },
  29: { strike: false },
  39: { fg: null },
  49: { bg: null },
};

/** `style` after an SGR sequence with these parameters. Unknown ones are left out. */
export function applySgr(style: TextStyle, text: string): TextStyle {
  // `4:3` (curly underline) is an underline, `38:2::r:g:b` has an empty colour space.
  const groups = text.split(';').map((g) => g.split(':'));
  let next = { ...style };
  const flat: number[] = [];
  for (const group of groups) {
    const numbers = group.filter((n, i) => !(i === 2 && n === '' && group[1] === '2')).map((n) => Math.min(Number(n) || 0, 65_535));
    if (group.length > 1 && numbers[0] === 4) flat.push(numbers[1] === 0 ? 24 : 4);
    else flat.push(...numbers);
  }
  for (let i = 0; i < flat.length; i++) {
    const n = flat[i]!;
    if (n === 0) next = { ...PLAIN };
    else if (n === 38 || n === 48) {
      const found = extended(flat, i);
      if (!found) return next;
      if (n === 38) next.fg = found.colour;
      else next.bg = found.colour;
      i += found.used;
    } else if (n >= 30 && n <= 37) next.fg = n - 30;
    else if (n >= 40 && n <= 47) next.bg = n - 40;
    else if (n >= 90 && n <= 97) next.fg = n - 82;
    else if (n >= 100 && n <= 107) next.bg = n - 92;
    else Object.assign(next, SET[n]);
  }
  return next;
}
