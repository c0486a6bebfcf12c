/**
 * A styled line packed into one string, so that a million of them fit: text, with `U+0001 · two characters` where the style changes. Text never
 * contains U+0001 itself: ansi.ts drops control characters.
 */

export interface Span {
  text: string;
  /** As text/style.ts numbers it; 0 is plain. */
  style: number;
}
/** Starts plain. */
export type Line = string;

const MARK = '\u0001';
const MARKS = /\u0001[\s\S]{2}/g;
/** Two characters of six bits each, printable, so that the string stays one byte a character. */
const BASE = 0x30;
const BITS = 6;
const LOW = (1 << BITS) - 1;

const mark = (style: number): string => MARK + String.fromCharCode(BASE + (style >> BITS), BASE + (style & LOW));

export function pack(spans: readonly Span[]): Line {
  let style = 0;
  const parts: string[] = [];
  for (const span of spans) {
    if (span.text === '') continue;
    if (span.style !== style) parts.push(mark(span.style));
    style = span.style;
    parts.push(span.text);
  }
  return parts.length === 1 ? parts[0]! : parts.join('');
}

export function spansOf(line: Line): Span[] {
  if (!line.includes(MARK)) return line === '' ? [] : [{ text: line, style: 0 }];
  const spans: Span[] = [];
  let style = 0;
  let from = 0;
  const add = (to: number): void => {
    if (to > from) spans.push({ text: line.slice(from, to), style });
  };
  for (let at = line.indexOf(MARK); at >= 0; at = line.indexOf(MARK, from)) {
    add(at);
    style = ((line.charCodeAt(at + 1) - BASE) << BITS) | (line.charCodeAt(at + 2) - BASE);
    from = at + 3;
  }
  add(line.length);
  return spans;
}

export const lineText = (line: Line): string => (line.includes(MARK) ? line.replace(MARKS, '') : line);

/** `[start, end)` of a line's text, with its styles. */
export function sliceLine(line: Line, start: number, end: number): Line {
  if (!line.includes(MARK)) return line.slice(start, end);
  const out: Span[] = [];
  let at = 0;
  for (const span of spansOf(line)) {
    const text = span.text.slice(Math.max(start - at, 0), Math.max(end - at, 0));
    if (text) out.push({ text, style: span.style });
    at += span.text.length;
  }
  return pack(out);
}
