/** Claude's list rows as options: the label without what is being typed behind it, and the keys that choose each from here. */
import type { QuestionOption } from '../../../shared/question.ts';
import type { ScreenView } from '../agent.ts';
import { moveKeys } from '../lib/keys.ts';
import { cellAt, tone } from '../lib/lines.ts';
import type { Item } from '../lib/list.ts';
import type { Dialog } from './frame.ts';

export interface OptionTraits {
  freeText?: boolean;
  dangerous?: boolean;
  submit?: boolean;
  /** The digit only moves the highlight. */
  digitFocuses?: boolean;
  /** While the highlight is on this row no digit is taken. */
  deafToDigits?: boolean;
}

/** The options of a dialog; `traits` adds what the kind of dialog knows about row `index`. */
export function optionsOf(screen: ScreenView, dialog: Dialog, traits: (item: Item, index: number) => OptionTraits): QuestionOption[] {
  const { items, highlighted } = dialog.list;
  const typing = dialog.caretRow >= 0;
  const current = items[highlighted];
  const deaf = current !== undefined && traits(current, highlighted).deafToDigits === true;
  return items.map((item, index) => {
    const { freeText, dangerous, submit, digitFocuses } = traits(item, index);
    const label = typing && index === highlighted && freeText !== true ? labelBeforeCaret(screen, item) : item.label;
    // While a text field has the focus a digit would be typed into it.
    const byArrows = typing || deaf || item.number === undefined || item.number > 9;
    const walk = moveKeys(highlighted, index, freeText === true ? [] : ['enter']);
    const keys = byArrows ? walk : digitFocuses === true && freeText !== true ? [String(item.number), 'enter'] : [String(item.number)];
    return {
      label,
      ...(item.description === '' ? {} : { description: item.description }),
      keys: keys.length === 0 ? ['enter'] : keys,
      ...(index === highlighted ? { default: true } : {}),
      ...(item.checked === undefined ? {} : { checked: item.checked }),
      ...(freeText === true ? { freeText: true } : {}),
      ...(dangerous === true ? { dangerous: true } : {}),
      ...(submit === true ? { submit: true } : {}),
    };
  });
}

/** "Yes, and tell Claude what to do next": the highlighted label has the pointer's colour, the field behind it has not. */
function labelBeforeCaret(screen: ScreenView, item: Item): string {
  const line = screen.line(item.row);
  const accent = tone(cellAt(screen, item.row, item.labelAt));
  let end = item.labelAt;
  for (let at = item.labelAt; at < line.length; at++) {
    const cell = cellAt(screen, item.row, at);
    if (line[at] === ' ' && cell?.inverse !== true) continue;
    if (tone(cell) !== accent) break;
    end = at + 1;
  }
  const label = line
    .slice(item.labelAt, end)
    .replace(/[,:;，]\s*$/, '')
    .trim();
  return label === '' ? item.label : label;
}
