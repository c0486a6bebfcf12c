/** Claude's dialogs other than AskUserQuestion: permission to run or edit, plan approval, trust, API key, and pickers. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { cellAt, isRule, joinWrapped, type Line, squeeze } from '../lib/lines.ts';
import { type Dialog, isDashed } from './frame.ts';
import { optionsOf } from './options.ts';

/** Options that widen rights, where position alone does not tell. English words of Claude's own rows; a missed one only costs the second tap. */
const WIDENS =
  /\b(?:always|don'?t ask|auto(?:matically)?(?:[- ]\w+)? mode|auto-?accept|accept edits|bypass|during this session|allow (?:all|reading))\b/i;

export function readDialog(screen: ScreenView, dialog: Dialog): ParsedQuestion {
  const parts = cutBody(screen, dialog);
  const kind = kindOf(dialog, parts);
  const last = dialog.list.items.length - 1;
  const options = optionsOf(screen, dialog, (item, index) => {
    if (kind === 'permission') return { dangerous: index > 0 && index < last };
    if (kind !== 'plan') return { dangerous: WIDENS.test(item.label) };
    // The plan's last row is a text field; its digit gives it the focus.
    return { freeText: index === last && item.number !== undefined, dangerous: WIDENS.test(item.label) };
  });
  const amend = kind === 'permission' && /\btab\b/i.test(dialog.footer.map((line) => line.text).join(' '));
  const text = kind === 'plan' ? { option: last } : amend ? { option: last } : undefined;
  return {
    kind,
    title: parts.title,
    text: parts.text,
    detail: parts.detail,
    ...(parts.note === '' ? {} : { note: parts.note }),
    ...(parts.detail === ''
      ? {}
      : { detailKind: kind === 'plan' ? 'plan' : parts.diff ? 'diff' : kind === 'permission' ? 'command' : 'text' }),
    options,
    ...(text === undefined ? {} : { freeText: text }),
    dismiss: { keys: ['esc'], effect: EFFECTS[kind] },
    source: 'screen',
  };
}

type Kind = 'permission' | 'plan' | 'trust' | 'confirm' | 'choice';

const EFFECTS: Record<Kind, string> = {
  permission: 'denies it and stops the turn',
  plan: 'rejects the plan; Claude stays in plan mode',
  trust: 'leaves Claude Code',
  confirm: 'closes the dialog without an answer',
  choice: 'closes the dialog',
};

interface Parts {
  title: string;
  text: string;
  detail: string;
  note: string;
  diff: boolean;
  /** A dashed box holds the detail. */
  boxed: boolean;
  /** The question stands under a rule of its own, the plan above it. */
  sticky: boolean;
}

function kindOf(dialog: Dialog, parts: Parts): Kind {
  const labels = dialog.list.items.map((item) => item.label).join('\n');
  if (parts.sticky) return 'plan';
  if (!parts.boxed && /\btrust\b/i.test(labels)) return 'trust';
  if (dialog.list.items.some((item) => item.number !== undefined)) {
    if (/\bplan\b/i.test(parts.text) && !/^do you want/i.test(parts.text)) return 'plan';
    return parts.boxed || /^(?:yes|no)\b/im.test(labels) ? 'permission' : 'choice';
  }
  if (/\btrust\b/i.test(`${labels}\n${parts.text}`)) return 'trust';
  return dialog.list.items.length === 2 ? 'confirm' : 'choice';
}

/** Title, question, detail and notes out of the rows above the list. */
function cutBody(screen: ScreenView, dialog: Dialog): Parts {
  const { body } = dialog;
  const limit = screen.cols - 2;
  const prose = (lines: readonly Line[]) => paragraphs(lines).map((paragraph) => joinWrapped(paragraph, limit - 2));
  const dashes = body.flatMap((line, i) => (isDashed(line.text) ? [i] : []));
  const sticky = footRule(screen, dialog);
  if (dashes.length > 0) {
    const from = dashes.length === 1 ? (sticky > dashes[0]! || dialog.whole ? dashes[0]! : -1) : dashes[0]!;
    const to = dashes.length === 1 ? (from < 0 ? dashes[0]! : sticky > from ? sticky : body.length) : dashes.at(-1)!;
    const inside = body.slice(from + 1, to);
    const diff = inside.some((line) => isDiffRow(screen, line));
    const head = from < 0 ? [] : prose(body.slice(0, from));
    const tail = prose(body.slice(Math.max(to, sticky) + 1)).flatMap((paragraph) => paragraph.split('\n'));
    const lines = head.flatMap((paragraph) => paragraph.split('\n'));
    // With its top scrolled off a dialog has lost its title.
    const [title = '', ...about] = dialog.whole ? lines : ['', ...lines];
    const notes = [...about.filter((line) => !line.startsWith('Tip:')), ...tail.slice(0, -1)];
    const kept = inside.map((line) => line.text.replace(/^ /, ''));
    return {
      title: squeeze(title),
      text: squeeze(tail.at(-1) ?? ''),
      detail: diff || sticky >= 0 ? flat(kept) : joinWrapped(kept, limit),
      note: notes.join('\n'),
      diff,
      boxed: true,
      sticky: sticky >= 0,
    };
  }
  const all = prose(sticky >= 0 ? body.slice(sticky + 1) : body);
  const title = all.length > 1 && !all[0]!.includes('\n') ? all[0]! : '';
  const rest = title === '' ? all : all.slice(1);
  const asks = rest.findLastIndex((paragraph) => /[?？]/.test(paragraph));
  const at = asks >= 0 ? asks : rest.length - 1;
  return {
    title,
    text: squeeze(rest[at] ?? ''),
    detail: sticky >= 0 ? flat(body.slice(0, sticky).map((line) => line.text)) : rest.filter((_, i) => i !== at).join('\n\n'),
    note: '',
    diff: body.some((line) => isDiffRow(screen, line)),
    boxed: false,
    sticky: sticky >= 0,
  };
}

/** Index of the rule that a plan's question stands under alone, -1 where there is none. */
function footRule(screen: ScreenView, { body, list }: Dialog): number {
  const at = body.findLastIndex((line) => isRule(line.text) && !isDashed(line.text) && line.text.trim().length >= screen.cols - 8);
  return at >= 0 && list.items[0]!.number !== undefined && paragraphs(body.slice(at + 1)).length === 1 ? at : -1;
}

/** A row of a diff: number, sign, and a background of its own. */
function isDiffRow(screen: ScreenView, line: Line): boolean {
  const sign = /^\s*\d+ ([+-])/.exec(line.text);
  return sign !== null && cellAt(screen, line.row, sign[0].length - 1)?.bg !== -1;
}

function paragraphs(lines: readonly Line[]): string[][] {
  const out: string[][] = [];
  let open: string[] | undefined;
  for (const line of lines) {
    if (line.text === '' || isRule(line.text)) open = undefined;
    else if (open === undefined) {
      open = [line.text];
      out.push(open);
    } else open.push(line.text);
  }
  return out;
}

/** Rows as they stand, common indentation off. */
function flat(rows: readonly string[]): string {
  return joinWrapped(rows, Number.POSITIVE_INFINITY);
}
