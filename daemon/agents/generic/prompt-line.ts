/**
 * Prompts at the cursor: `Continue? [y/N] `, `What is the bucket name? `, `[sudo] password for dev: `, `package name: (x) `, numbered lists
 * with `#? ` below, `(1/2) Stage this hunk [y,n,q]? `. One stands while the cursor is right behind it and nothing follows.
 */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { Hints, Reading, ScreenView } from '../agent.ts';
import { lastUsedRow, linesOf, squeeze } from '../lib/lines.ts';
import { numberedList } from '../lib/list.ts';
import { askedRow, ENDS_THERE, isFaint, joinRows, questionText, SECRET } from './text.ts';

/** Names ending in `: ` that could as well be half a line of output ("Checking foo: ") must stand longer. */
const UNSURE_MS = 400;
const MAX_CONTEXT_ROWS = 40;

interface Prompt {
  /** First and last screen row of the logical line. */
  row: number;
  lastRow: number;
  /** A prompt library's question glyph starts it. */
  asked: boolean;
  /** The logical line up to the cursor. */
  text: string;
}

export function readPromptLine(screen: ScreenView, hints: Hints): Reading {
  const prompt = promptAtCursor(screen);
  if (prompt === null) return null;
  const anchor = String(screen.scrolled + prompt.row);
  const still = typedInto(prompt, anchor, hints);
  if (still !== null) return { type: 'question', question: still, anchor };
  const found = numbered(screen, prompt) ?? letters(screen, prompt) ?? anyKey(screen, prompt) ?? freeText(screen, prompt);
  return found === null ? null : { type: 'question', anchor, ...found };
}

type Found = { question: ParsedQuestion; settleMs?: number } | null;

/** The line the cursor stands at the end of, soft-wrapped rows joined; null where anything but faint hints follows. */
function promptAtCursor(screen: ScreenView): Prompt | null {
  if (screen.alternate) return null;
  const { row, col } = screen.cursor;
  const line = screen.line(row);
  const head = askedRow(screen, row);
  if (!screen.cursor.visible && head < 0) return null;
  if (screen.cursor.visible && line.slice(col).trim() !== '' && !isFaint(screen, row, col + line.slice(col).search(/\S/))) return null;
  let first = head < 0 ? row : head;
  while (head < 0 && first > 0 && screen.wrapped(first)) first--;
  // The cursor's own column keeps the blank that most prompts end in.
  const before = first === row ? '' : joinRows(screen, first, row - 1) + (screen.line(row - 1).length >= screen.cols ? '' : ' ');
  const text = before + (screen.cursor.visible ? line.slice(0, col).padEnd(col) : line);
  if (text.trim() === '') return null;
  if (lastUsedRow(screen) > row && head < 0) return null;
  return { row: first, lastRow: row, asked: head >= 0, text };
}

/** The prompt's line up to the cursor, blanks and a library's glyph taken out; null where none can stand there. */
export function lineAtCursor(screen: ScreenView): string | null {
  const prompt = promptAtCursor(screen);
  return prompt === null ? null : bareLine(prompt);
}

/** The glyph before a prompt and a default behind it are not part of its text. */
const bareLine = (prompt: Prompt): string => squeeze(prompt.text).replace(/^[?◆▲■]\s+/, '');

/** Somebody is typing behind the prompt that stands: it is still that question. */
function typedInto(prompt: Prompt, anchor: string, hints: Hints): ParsedQuestion | null {
  const { standing } = hints;
  if (standing === undefined || hints.standingAnchor !== anchor) return null;
  const line = bareLine(prompt);
  return line.length > standing.text.length && line.startsWith(standing.text) ? standing : null;
}

const base = (kind: ParsedQuestion['kind'], text: string, options: QuestionOption[]): ParsedQuestion => ({
  kind,
  title: '',
  text,
  detail: '',
  options,
  dismiss: { keys: ['ctrl-c'], effect: ENDS_THERE },
  source: 'screen',
});

/** Line prompts wrap at the edge of the terminal, to column 0. */
const HANGLESS = { hangless: true };

/** A numbered list with a prompt under it (bash `select`, "Enter a number: ") or above it (inquirer's rawlist). */
function numbered(screen: ScreenView, prompt: Prompt): Found {
  const ends = /[?:#>)\]]\s*$/.test(prompt.text);
  const asked = prompt.asked;
  if (!ends && !asked) return null;
  const lines = linesOf(screen);
  const near = (list: ReturnType<typeof numberedList>, gap: number) =>
    list !== null && list.items[0]!.number === 1 && list.highlighted < 0 && gap >= 0 && gap <= 2 ? list : null;
  const over = numberedList(screen, lines.slice(0, prompt.row), HANGLESS);
  let list = near(over, over === null ? -1 : prompt.row - over.bottom - 1);
  let text = squeeze(prompt.text);
  if (list !== null) {
    const head = lines.slice(0, list.top).findLast((line) => line.text !== '');
    if (head !== undefined && list.top - head.row <= 2) text = squeeze(`${head.text} ${text}`);
  } else if (asked) {
    const under = numberedList(screen, lines.slice(prompt.lastRow + 1), HANGLESS);
    list = near(under, under === null ? -1 : under.top - prompt.lastRow - 1);
    text = questionText(screen, prompt.row, prompt.lastRow + 1);
  }
  if (list === null) return null;
  const options = list.items.map((item) => ({
    label: item.label,
    ...(item.description === '' ? {} : { description: item.description }),
    keys: [...String(item.number), 'enter'],
  }));
  return { question: base('choice', text, options) };
}

/** A question, then its answers in brackets, then at most what is being typed. */
const BRACKETS =
  /^(.*?\S)\s*[[(]((?:[\p{L}?/]{1,12}|\[\p{L}+\])(?:\s?[/,|]\s?(?:[\p{L}?/]{1,14}|\[\p{L}+\]))*)[\])]\s*[?:›‣]?\s*(?:\p{L}+)?$/u;

const NAMES: Record<string, string> = { y: 'Yes', n: 'No', yes: 'Yes', no: 'No' };

/** `[Y/n]`, `(yes/no)`, `[y,n,q,a,d,?]`, `(y)`: answers spelled out in brackets at the end of the prompt. */
function letters(screen: ScreenView, prompt: Prompt): Found {
  const match = BRACKETS.exec(prompt.text);
  const spelt = match === null ? null : spellOut(match[2]!);
  if (match === null || spelt === null) return expand(screen, prompt);
  const { words, upper } = spelt;
  // A library with a hidden cursor takes the key at once; a line prompt wants Enter.
  const enter = screen.cursor.visible ? ['enter'] : [];
  const letterList = words.length > 3;
  const options = words.map((word, i): QuestionOption => {
    const name = letterList ? undefined : NAMES[word.toLowerCase()];
    const meaning = letterList ? MEANINGS[word] : undefined;
    return {
      label: name ?? word,
      ...(meaning === undefined ? {} : { description: meaning }),
      keys: [...(name === undefined ? word : word.toLowerCase()), ...enter],
      ...(i === upper ? { default: true } : {}),
    };
  });
  const yesNo = words.length === 2 && words.some((word) => NAMES[word.toLowerCase()] !== undefined);
  const detail = context(screen, prompt.row);
  const text = prompt.asked ? questionText(screen, prompt.row, prompt.lastRow + 1) : squeeze(prompt.text.slice(0, match[0].length));
  const question = base(yesNo ? 'confirm' : 'choice', trimTyped(text, match[2]!), options);
  return { question: detail === '' ? question : { ...question, detail, detailKind: /^@@ /m.test(detail) ? 'diff' : 'text' } };
}

/** Letters of `git add -p` and its kin, where a list of them is all there is to see. */
const MEANINGS: Record<string, string> = {
  y: 'yes',
  n: 'no',
  q: 'quit',
  a: 'yes, and to all that follow',
  d: 'no, and to all that follow',
  e: 'edit by hand',
  s: 'split into smaller ones',
  '?': 'help',
};

/** The answers in the brackets and which of them is the default; null where they are something else ("(optional)", "(a/b)"). */
function spellOut(inside: string): { words: string[]; upper: number } | null {
  const tokens = inside.split(inside.includes(',') ? /\s?,\s?/ : /\s?[/|]\s?/).map((token) => token.replace(/[[\]]/g, ''));
  if (tokens.length > 1) {
    const known = tokens.some((token) => NAMES[token.toLowerCase()] !== undefined);
    return tokens.length === 2 && !known ? null : { words: tokens, upper: tokens.length > 3 ? -1 : soleUpper(tokens) };
  }
  const only = tokens[0]!.toLowerCase();
  const name = NAMES[only];
  if (name === undefined) return null;
  const words = name === 'Yes' ? [only, only === 'y' ? 'n' : 'no'] : [only === 'n' ? 'y' : 'yes', only];
  return { words, upper: words.indexOf(only) };
}

/** inquirer's expand: `(yaxH)`, one letter per answer, the help letter last and large. */
function expand(screen: ScreenView, prompt: Prompt): Found {
  if (!prompt.asked) return null;
  const match = /\(([a-zA-Z]{2,10})\)\s*$/.exec(prompt.text);
  if (match === null || !/^[a-zA-Z]*[hH][a-zA-Z]*$/.test(match[1]!)) return null;
  const options = [...match[1]!].map((key) => ({
    label: key.toLowerCase(),
    keys: [key.toLowerCase(), 'enter'],
    ...(key !== key.toLowerCase() ? { default: true } : {}),
  }));
  return { question: base('choice', questionText(screen, prompt.row, prompt.lastRow + 1), options) };
}

/** The index of the single token in capitals: the default answer. */
function soleUpper(tokens: readonly string[]): number {
  const upper = tokens.flatMap((token, i) => (token !== token.toLowerCase() && token === token.toUpperCase() ? [i] : []));
  const named = tokens.flatMap((token, i) => (/^[A-Z]/.test(token) ? [i] : []));
  return upper.length === 1 ? upper[0]! : named.length === 1 ? named[0]! : -1;
}

/** What is typed behind the bracket is no part of the question. */
function trimTyped(text: string, inside: string): string {
  const at = text.lastIndexOf(inside);
  return at < 0 ? text : text.slice(0, at + inside.length + 1) + (/^\s*[?:]/.exec(text.slice(at + inside.length + 1))?.[0] ?? '');
}

function anyKey(screen: ScreenView, prompt: Prompt): Found {
  if (!/\b(?:press|hit)\b.{0,30}\b(?:key|enter|return)\b/i.test(prompt.text) || screen.cell(prompt.row, 0)?.inverse === true) return null;
  return { question: base('confirm', squeeze(prompt.text), [{ label: 'Continue', keys: ['enter'], default: true }]) };
}

function freeText(screen: ScreenView, prompt: Prompt): Found {
  const asked = prompt.asked;
  const text = asked ? questionText(screen, prompt.row, prompt.lastRow + 1) : squeeze(prompt.text);
  const secret = SECRET.test(text);
  const field = { freeText: { option: null } };
  if (asked) return { question: { ...base(secret ? 'password' : 'text', text, []), ...field } };
  if (!/\p{L}{2}/u.test(text) || text.length > 400) return null;
  const colon = /[:：]\s*(?:[([][^()[\]]*[)\]]\s*)?$/.test(prompt.text) || /[([][^()[\]]*[)\]]\s*[:：]\s*$/.test(prompt.text);
  const query = /[?？]\s*(?:[([][^()[\]]*[)\]]\s*:?\s*)?$/.test(prompt.text);
  if (secret && (colon || query)) return { question: { ...base('password', text, []), ...field } };
  // A prompt leaves a blank before the answer; half a line of output is a different matter.
  if (!/\s$/.test(prompt.text) || (!colon && !query)) return null;
  if (/^\W*\p{L}+ing\b/iu.test(text) || /\d\s?%|\.\.\.|…|^\W*\d{1,2}:\d{2}/.test(text)) return null;
  return { question: { ...base('text', text, []), ...field }, ...(query ? {} : { settleMs: UNSURE_MS }) };
}

/** The lines directly above a prompt, up to the first empty one: what it is about. A diff goes back to its header. */
function context(screen: ScreenView, row: number): string {
  const lines: string[] = [];
  for (let up = row - 1; up >= Math.max(0, row - MAX_CONTEXT_ROWS); up--) {
    const line = screen.line(up);
    if (line === '' && !lines.some((each) => /^[+\-@ ]/.test(each) && /^[+-]/m.test(lines.join('\n')))) break;
    // The command line the user typed to get here, or an answered prompt.
    if (/^(?:\S+[@:]\S*)?\s?[$#%❯]\s/.test(line)) break;
    if (screen.wrapped(up + 1) && lines.length > 0 && up + 1 < row) lines[0] = line.padEnd(screen.cols) + lines[0]!;
    else lines.unshift(line);
    if (/^diff --git /.test(line)) break;
  }
  return lines.join('\n').trim();
}
