/** The demo agent's two dialogs, drawn and driven as agents do: a numbered menu with a pointer, and a field for a line of text. */

export interface Menu {
  title: string;
  detail: readonly string[];
  ask: string;
  options: readonly string[];
}
export interface TextField {
  ask: string;
}

const out = (text: string): void => {
  process.stdout.write(text);
};
const dim = (text: string): string => `\x1b[2m${text}\x1b[0m`;
const blue = (text: string): string => `\x1b[34m${text}\x1b[0m`;
const bold = (text: string): string => `\x1b[1m${text}\x1b[0m`;
const CLEAR_DOWN = '\x1b[J';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/** Splits what came from the terminal into keys: escape sequences, then single characters. */
export function keysOf(chunk: string): string[] {
  return chunk.match(/\x1b\[200~[\s\S]*?\x1b\[201~|\x1b[[O][0-9;]*[A-Za-z~]|\x1b|[\s\S]/gu) ?? [];
}

/** Calls `onKey` until it returns something else than undefined. */
function read<T>(onKey: (key: string) => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const heard = (chunk: Buffer): void => {
      for (const key of keysOf(chunk.toString('utf8'))) {
        if (key === '\x03') {
          out(`${SHOW_CURSOR}\nInterrupted.\n`);
          process.stdin.setRawMode(false);
          process.exit(130);
        }
        const result = onKey(key);
        if (result === undefined) continue;
        process.stdin.off('data', heard);
        process.stdin.pause();
        resolve(result);
        return;
      }
    };
    process.stdin.on('data', heard);
    process.stdin.resume();
  });
}

const rule = (): string => blue('─'.repeat(Math.max(20, Math.min(80, (process.stdout.columns ?? 80) - 1))));

function menuLines(menu: Menu, at: number): string[] {
  return [
    rule(),
    ` ${bold(menu.title)}`,
    '',
    ...menu.detail.map((line, i) => `   ${i === 0 ? line : dim(line)}`),
    '',
    ` ${menu.ask}`,
    ...menu.options.map((option, i) => (i === at ? blue(` ❯ ${i + 1}. ${option}`) : `   ${i + 1}. ${option}`)),
    '',
    dim(' Esc to cancel · ↑/↓ to move · Enter to choose'),
  ];
}

/** The chosen index, or null for Esc. A digit chooses at once. The dialog is taken off the screen afterwards. */
export async function menu(menu: Menu): Promise<number | null> {
  let at = 0;
  let drawn = 0;
  const erase = (): void => out(`\r${drawn > 1 ? `\x1b[${drawn - 1}A` : ''}${CLEAR_DOWN}`);
  const columns = (): number => process.stdout.columns ?? 80;
  const draw = (): void => {
    const lines = menuLines(menu, at);
    if (drawn > 0) erase();
    else out(HIDE_CURSOR);
    out(lines.join('\n'));
    // A line that is wider than the terminal takes several rows.
    drawn = lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(line.replace(/\x1b\[\d*m/g, '').length / columns())), 0);
  };
  draw();
  const choice = await read<{ index: number | null }>((key) => {
    if (/^[1-9]$/.test(key) && Number(key) <= menu.options.length) return { index: Number(key) - 1 };
    if (key === '\r' || key === '\n') return { index: at };
    if (key === '\x1b') return { index: null };
    if (key === '\x1b[A' || key === '\x1bOA') at = (at + menu.options.length - 1) % menu.options.length;
    else if (key === '\x1b[B' || key === '\x1bOB') at = (at + 1) % menu.options.length;
    else return undefined;
    draw();
    return undefined;
  });
  erase();
  out(SHOW_CURSOR);
  const { index } = choice;
  out(`${dim('·')} ${menu.ask} ${index === null ? 'cancelled' : bold(menu.options[index]!)}\n`);
  return index;
}

/** The line that was typed, or null for Esc. */
export async function textField(field: TextField): Promise<string | null> {
  let text = '';
  out(`${bold('?')} ${field.ask} `);
  const done = await read<{ text: string | null }>((key) => {
    if (key === '\r' || key === '\n') return text.trim() === '' ? undefined : { text };
    if (key === '\x1b') return { text: null };
    if (key === '\x7f' || key === '\b') {
      if (text !== '') out('\b \b');
      text = [...text].slice(0, -1).join('');
      return undefined;
    }
    const typed = key.startsWith('\x1b[200~') ? key.slice(6, -6).replace(/[\r\n]+/g, ' ') : key;
    if (/^[^\x00-\x1f\x7f]+$/u.test(typed)) {
      text += typed;
      out(typed);
    }
    return undefined;
  });
  out('\n');
  return done.text;
}
