/**
 * The true terminal, loaded when somebody asks for it: the machine's screen and what comes after, at the machine's size. Read only: it answers
 * no query and resizes nothing at the desk. Its style sheets go through the CSSOM, since the page's policy allows no inline ones.
 */
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef } from 'preact/hooks';
import { asClawError } from '../../shared/errors.ts';
import { ask } from '../client.ts';
import { follow } from '../machine/follow.ts';
import { report } from '../state.ts';
import { cssomStyles } from './cssom-styles.ts';

export interface TerminalViewProps {
  machine: string;
  run: string;
  cols: number;
  rows: number;
  live: boolean;
}

export function TerminalView({ machine, run, cols, rows, live }: TerminalViewProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const release = cssomStyles();
    const terminal = new Terminal({
      cols,
      rows,
      disableStdin: true,
      convertEol: false,
      scrollback: 2000,
      fontSize: 12,
      fontFamily: 'ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      minimumContrastRatio: 4.5,
      theme: { background: '#141311', foreground: '#f0ebe2', cursor: '#ff8256' },
      // No link is ever followed from here; text/ansi.ts' view shows addresses.
      linkHandler: { activate: () => undefined },
      logLevel: 'off',
    });
    if (box.current) terminal.open(box.current);
    let feed: { consumed(bytes: number): void; close(): void } | null = null;
    let over = false;
    const read = (from?: number): void => {
      feed = follow(
        machine,
        run,
        {
          data: (bytes) => terminal.write(bytes.slice(), () => feed?.consumed(bytes.length)),
          gap: () => undefined,
          end: () => undefined,
          opened: () => undefined,
          failed: (error) => report(asClawError(error)),
        },
        from,
      );
    };
    // A run that has ended has no screen any more: its log is played again.
    if (!live) read();
    // The screen as it stands, then the bytes after it.
    else
      void ask(machine, 'runs.screen', { run }).then(
        (screen) => {
          if (over) return;
          terminal.resize(screen.cols, screen.rows);
          terminal.write(screen.ansi);
          read(screen.offset);
        },
        (error: unknown) => report(asClawError(error)),
      );
    return () => {
      over = true;
      feed?.close();
      terminal.dispose();
      release();
    };
  }, [machine, run, cols, rows, live]);
  return <section ref={box} class="terminal" aria-label="Terminal" />;
}
