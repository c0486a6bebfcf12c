/** What a panel asks: approval of a command or of edits, questions of the model, a plan, trust, or any other list. */
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { joinWrapped, squeeze } from '../lib/lines.ts';
import { lastBlock } from './history.ts';
import type { Menu } from './menu.ts';
import { lineOf, type Panel, type Paragraph } from './panel.ts';
import { SKIPS } from './waiting.ts';

const PROGRESS = /(\d+)\s*\/\s*(\d+)/;

export function readPanel(screen: ScreenView, panel: Panel): ParsedQuestion {
  const progress = progressOf(panel);
  if (progress !== null || (panel.menu !== null && panel.menu.numberAt >= 4)) return readQuestions(screen, panel, progress);
  return readList(screen, panel);
}

interface Progress {
  at: number;
  current: number;
  total: number;
}

/** The faint line "Question 1/3 (2 unanswered)" or "1 of 2", wherever its words stand. */
function progressOf(panel: Panel): Progress | null {
  const first = panel.body.findIndex((paragraph) => paragraph.faint && paragraph.rows.length === 1 && PROGRESS.test(paragraph.rows[0]!));
  if (first < 0) return null;
  const [, current = '1', total = '1'] = PROGRESS.exec(panel.body[first]!.rows[0]!)!;
  return { at: first, current: Number(current), total: Number(total) };
}

/** Questions of the model: a line of progress, the question, options, a field for notes. */
function readQuestions(screen: ScreenView, panel: Panel, progress: Progress | null): ParsedQuestion {
  const nonBlocking = progress === null;
  const asked = panel.body.filter((paragraph, i) => (progress === null ? !isCounter(paragraph, i) : i > progress.at));
  const text = asked.map((paragraph) => joinWrapped(paragraph.rows, screen.cols - 2)).join('\n\n');
  const focused = panel.notes?.focused === true;
  const last = (panel.menu?.entries.length ?? 0) - 1;
  const options = optionsOf(panel.menu, !focused, (_entry, index) => ({ freeText: nonBlocking && index === last }));
  const tabs =
    progress === null || progress.total < 2
      ? undefined
      : Array.from({ length: progress.total }, (_, i) => ({
          title: `${i + 1}`,
          answered: i + 1 < progress.current,
          current: i + 1 === progress.current,
        }));
  return {
    kind: options.length === 0 ? 'text' : 'choice',
    title: '',
    text,
    detail: '',
    options,
    freeText: { option: options.length === 0 ? null : last },
    ...(tabs === undefined ? {} : { tabs }),
    dismiss: nonBlocking ? { keys: ['ctrl-]'], effect: SKIPS } : { keys: ['esc'], effect: 'interrupts the turn without an answer' },
    source: 'screen',
    ...(nonBlocking ? { nonBlocking: true } : {}),
  };
}

/** "1 of 2" above an asynchronous question. */
function isCounter(paragraph: Paragraph, index: number): boolean {
  return index === 0 && paragraph.rows.length === 1 && /^\s*\d+\s\S+\s\d+$/.test(paragraph.rows[0]!);
}

function readList(screen: ScreenView, panel: Panel): ParsedQuestion {
  const menu = panel.menu!;
  const heading = panel.body.findIndex((paragraph) => paragraph.heading);
  const title = heading < 0 ? '' : lineOf(panel.body[heading]!, screen.cols);
  const rest = panel.body.filter((_, i) => i !== heading);
  const approval = menu.entries.some((entry) => entry.shortcut !== '');
  const labels = menu.entries.map((entry) => entry.label).join('\n');
  if (approval) return readApproval(screen, panel, title, rest);
  const plan = /\bplan\b/i.test(`${title}\n${labels}`);
  const trust = !plan && /\btrust\b/i.test(`${title}\n${labels}`);
  const prose = rest.map((paragraph) => joinWrapped(paragraph.rows, screen.cols - 2)).filter((text) => text.trim() !== '');
  const asks = prose.findLastIndex((text) => /[?？]/.test(text));
  const text = title !== '' && (asks < 0 || /[?？]$/.test(title)) ? title : (prose[asks < 0 ? prose.length - 1 : asks] ?? '');
  const detail = plan ? lastBlock(screen, panel.top) : prose.filter((each) => each !== text).join('\n\n');
  const kind = plan ? 'plan' : trust ? 'trust' : 'choice';
  return {
    kind,
    title: text === title ? '' : title,
    text: squeeze(text),
    detail,
    ...(detail === '' ? {} : { detailKind: plan ? 'plan' : 'text' }),
    // In the folder dialog 1 only highlights; arrows and Enter work in every list.
    options: optionsOf(menu, plan, () => ({})),
    dismiss: { keys: ['esc'], effect: EFFECTS[kind] },
    source: 'screen',
  };
}

const EFFECTS = {
  plan: 'leaves the plan as it is; Codex stays in Plan mode',
  trust: 'leaves without trusting the folder',
  choice: 'closes the dialog',
};

/** May this command run, may these files be edited: options with a key of their own each; Esc denies. */
function readApproval(screen: ScreenView, panel: Panel, title: string, rest: readonly Paragraph[]): ParsedQuestion {
  const start = rest.findIndex((paragraph) => /^\s*\$ /.test(paragraph.rows[0] ?? ''));
  const limit = screen.cols - 2;
  const rows = (from: Paragraph[]) => from.flatMap((paragraph, i) => [...gap(from, i), ...paragraph.rows]);
  const notes = rest.slice(0, start < 0 ? rest.length : start).map((paragraph) => joinWrapped(paragraph.rows, limit));
  const command = start < 0 ? '' : joinWrapped(rows(rest.slice(start)), limit).replace(/^\$ /, '');
  const patch = start < 0 ? lastBlock(screen, panel.top) : '';
  const diff = /^\s*\d+ [+-]/m.test(patch);
  const detail = start < 0 ? [...notes.map((note) => note.replace(/:(?=\/)/g, ': ')), ...(diff ? [patch] : [])].join('\n\n') : command;
  return {
    kind: 'permission',
    title: '',
    text: title === '' ? squeeze(notes[0] ?? '') : title,
    detail,
    ...(start < 0 || notes.length === 0 ? {} : { note: notes.join('\n') }),
    detailKind: start < 0 ? (diff ? 'diff' : 'text') : 'command',
    options: optionsOf(panel.menu, true, (_entry, index, count) => ({ dangerous: index > 0 && index < count - 1 })),
    dismiss: { keys: ['esc'], effect: 'denies and interrupts the turn' },
    source: 'screen',
  };
}

/** The blank rows between two paragraphs. */
function gap(all: readonly Paragraph[], index: number): string[] {
  const before = all[index - 1];
  return before === undefined ? [] : Array.from({ length: all[index]!.top - before.top - before.rows.length }, () => '');
}

function optionsOf(
  menu: Menu | null,
  digitsAnswer: boolean,
  traits: (entry: Menu['entries'][number], index: number, count: number) => { dangerous?: boolean; freeText?: boolean },
): QuestionOption[] {
  const entries = menu?.entries ?? [];
  return entries.map((entry, index) => {
    const { dangerous, freeText } = traits(entry, index, entries.length);
    const byDigit = digitsAnswer && entry.number !== undefined && entry.number <= 9;
    const walk = moveKeys(menu!.highlighted, index, freeText === true ? [] : ['enter']);
    return {
      label: entry.label,
      ...(entry.description === '' ? {} : { description: entry.description }),
      keys: byDigit ? [String(entry.number)] : walk.length === 0 ? ['enter'] : walk,
      ...(index === menu!.highlighted ? { default: true } : {}),
      ...(freeText === true ? { freeText: true } : {}),
      ...(dangerous === true ? { dangerous: true } : {}),
    };
  });
}
