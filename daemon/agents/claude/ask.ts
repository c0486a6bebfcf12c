/** Claude's AskUserQuestion: one question or several with tabs, check boxes, a preview pane, and the review page at the end. */
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { cellAt, isRule, joinWrapped, type Line, squeeze } from '../lib/lines.ts';
import { type Dialog, isDashed } from './frame.ts';
import { optionsOf } from './options.ts';

interface Tab {
  title: string;
  answered: boolean;
  current: boolean;
}

/** The row of tabs (`←  ☒ Language  ☐ Extras  ✔ Submit  →`), or the single chip (`☐ Database`); null on any other row. */
function tabsIn(screen: ScreenView, line: Line): Tab[] | null {
  if (!/^\s*(?:←\s+)?[☐☒☑✔✓]\s?\S/.test(line.text)) return null;
  const tabs: Tab[] = [];
  for (const match of line.text.matchAll(/([☐☒☑✔✓])\s?([^☐☒☑✔✓→]*)/g)) {
    tabs.push({ title: match[2]!.trim(), answered: match[1] !== '☐', current: cellAt(screen, line.row, match.index)?.bg !== -1 });
  }
  return tabs;
}

/** The question, or null where the dialog has no tab row. */
export function readAsk(screen: ScreenView, dialog: Dialog): ParsedQuestion | null {
  const { body, list } = dialog;
  let tabs: Tab[] | null = null;
  let at = -1;
  for (let i = 0; i < body.length && tabs === null; i++) {
    if (body[i]!.text === '') continue;
    tabs = tabsIn(screen, body[i]!);
    at = i;
    if (dialog.whole) break;
  }
  const ruleRow = list.items.findIndex((item, i) => i > 0 && ruleBetween(screen, list.items[i - 1]!.lastRow, item.row));
  if (tabs === null) {
    // On a low screen the tab row scrolls off; the row set apart by a rule ("Chat about this") is AskUserQuestion's alone.
    if (dialog.whole || ruleRow < 0 || body.some((line) => isDashed(line.text))) return null;
    tabs = [];
    at = -1;
  }
  const rows = body.slice(at + 1);
  const start = rows.findIndex((line) => line.text !== '');
  const end = rows.findIndex((line, i) => i > start && line.text === '');
  const text = squeeze(
    joinWrapped(
      rows.slice(Math.max(start, 0), end < 0 ? rows.length : end).map((line) => line.text),
      screen.cols - 4,
    ),
  );
  const detail =
    end < 0
      ? ''
      : joinWrapped(
          rows.slice(end).map((line) => line.text),
          screen.cols - 2,
        );
  const many = tabs.length > 1;
  const current = tabs.find((tab) => tab.current);
  const multi = list.items.some((item) => item.checked !== undefined);
  const review = many && current === tabs.at(-1);
  // The row before the rule, or before the submit row of a multi-select, takes text; with a preview there is none.
  const lastChoice = (ruleRow < 0 ? list.items.length : ruleRow) - 1;
  const takesText = (index: number): boolean => {
    if (review || dialog.preview !== null || ruleRow < 0) return false;
    return multi ? list.items[index]!.checked !== undefined && list.items[index + 1]?.checked === undefined : index === lastChoice;
  };
  const options = optionsOf(screen, dialog, (item, index) => ({
    freeText: takesText(index),
    submit: (multi && item.number === undefined) || (review && index === 0),
    digitFocuses: dialog.preview !== null,
    deafToDigits: ruleRow >= 0 && index >= ruleRow,
  }));
  if (dialog.preview !== null) {
    const option = options[list.highlighted];
    if (option !== undefined && option.description === undefined && list.items[list.highlighted]!.number !== undefined)
      option.description = dialog.preview;
  }
  // The row that was chosen is marked until the dialog goes, and on a page that is come back to: no part of its name.
  for (const option of options) option.label = option.label.replace(/ [✔✓]$/, '');
  const field = options.findIndex((option) => option.freeText === true);
  return {
    kind: review ? 'confirm' : multi ? 'multiselect' : 'choice',
    title: current?.title ?? tabs[0]?.title ?? '',
    text,
    detail,
    options,
    ...(field < 0 ? {} : { freeText: { option: field, multiline: true } }),
    ...(many ? { tabs } : {}),
    dismiss: { keys: ['esc'], effect: 'declines to answer and stops the turn' },
    source: 'screen',
  };
}

function ruleBetween(screen: ScreenView, from: number, to: number): boolean {
  for (let row = from + 1; row < to; row++) if (isRule(screen.line(row))) return true;
  return false;
}
