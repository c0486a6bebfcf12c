/** What a prompt says, freed of the glyphs and hints that prompt libraries set around it. Pure. */
import type { ScreenView } from '../agent.ts';
import { cellAt, squeeze } from '../lib/lines.ts';

/** Glyphs that prompt libraries put before a question: inquirer and prompts `?`, clack `◆ ▲`. */
const MARK = /^\s*([?◆▲■❓])\s+(?=\S)/;

/** The row starts with a coloured question mark glyph: a prompt library asks, whatever its words are. */
export function isAsked(screen: ScreenView, row: number): boolean {
  const match = MARK.exec(screen.line(row).replace(/^[│┃]/, ' '));
  if (match === null) return false;
  const at = screen.line(row).indexOf(match[1]!);
  const cell = cellAt(screen, row, at);
  return cell !== undefined && (cell.fg !== -1 || cell.bold);
}

export const isFaint = (screen: ScreenView, row: number, at: number): boolean => {
  const cell = cellAt(screen, row, at);
  return cell !== undefined && (cell.dim || (!cell.fgRgb && cell.fg === 8));
};

/** The question in `row`: mark off, and what a library adds faintly behind it (`› - Use arrow-keys.`, `…`, `(y/N)`). */
export function questionText(screen: ScreenView, row: number): string {
  const line = screen.line(row).replace(/^\s*[│┃]/, (bar) => ' '.repeat(bar.length));
  const mark = MARK.exec(line);
  const start = mark === null ? line.search(/\S|$/) : mark[0].length;
  let end = line.length;
  if (!isFaint(screen, row, start)) {
    for (let at = start; at < line.length; at++) {
      if (line[at] !== ' ' && isFaint(screen, row, at)) {
        end = at;
        break;
      }
    }
  }
  const text = squeeze(line.slice(start, end).replace(/\s*[›»…‣]\s*(?:\S.*)?$/, ''));
  return text === '' ? squeeze(line) : text;
}

export const ENDS_THERE = 'ends the program or this step';

/** Words for a secret, in the languages of common prompts: the echo is off, which no screen can show. */
export const SECRET =
  /pass(?:word|phrase|code)|passwort|contraseña|mot de passe|senha|wachtwoord|heslo|hasło|пароль|密码|密碼|パスワード|비밀번호|\bPIN\b/i;
