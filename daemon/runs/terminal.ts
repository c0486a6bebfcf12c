/**
 * The desk's terminal in front of a run: raw mode, window size, every byte both ways, the exit passed through. Leaves the terminal as it was found, whatever
 * happens. Ctrl-\ then d detaches; the run goes on.
 */
import { constants } from 'node:os';
import type { HolderClient } from './holder-client.ts';
import type { ExitRecord } from './holder-protocol.ts';

export type TerminalEnd = { how: 'exit'; exit: ExitRecord } | { how: 'detached' } | { how: 'lost' };

const CTRL_BACKSLASH = 0x1c;
const DETACH = 'd'.charCodeAt(0);
/** Input that the holder has not taken: beyond it the keyboard is paused rather than memory filled. */
const UNSENT_BYTES = 64 * 1024;
/** Ends mouse, paste and focus modes, shows the cursor, leaves the alternate screen: what a detached agent may have switched on. */
const RESET = '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l\x1b[0m';

/** Splits what was typed at the detach key; the key counts also where its two bytes come apart. */
export class DetachKey {
  #held = false;

  /** Bytes to pass on, and whether the detach key came. A lone Ctrl-\ is passed on with the next byte. */
  push(bytes: Uint8Array): { pass: Uint8Array; detach: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (this.#held) {
        this.#held = false;
        if (byte === DETACH) return { pass: Uint8Array.from(pass), detach: true };
        pass.push(CTRL_BACKSLASH);
      }
      if (byte === CTRL_BACKSLASH) this.#held = true;
      else pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), detach: false };
  }
}

/** What a shell would show: the code, or 128 + the signal's number. */
export function exitStatus(exit: ExitRecord): number {
  if (exit.code !== null) return exit.code;
  const number = exit.signal === null ? undefined : constants.signals[exit.signal as NodeJS.Signals];
  return number === undefined ? 1 : 128 + number;
}

/** Size of the terminal on standard output; 80 × 24 where there is none. */
export const terminalSize = (): { cols: number; rows: number } => ({ cols: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 });

/**
 * Joins this process's terminal to a run until either ends. `from`: offset to show output from. Works without a terminal too: output is then copied, and
 * standard input typed as it comes.
 */
export async function joinTerminal(client: HolderClient, from: number, options: { repaint: boolean }): Promise<TerminalEnd> {
  const { stdin, stdout } = process;
  const raw = stdin.isTTY === true;
  const undo: (() => void)[] = [];
  const key = new DetachKey();
  try {
    return await new Promise<TerminalEnd>((resolve, reject) => {
      client.on('output', (bytes) => {
        if (stdout.write(bytes)) return;
        client.pause();
        stdout.once('drain', () => client.resume());
      });
      client.on('gap', (gap) => stdout.write(`\r\n[clawtab: ${gap.to - gap.from} bytes of output are missing here]\r\n`));
      client.once('exit', (exit) => resolve({ how: 'exit', exit }));
      client.once('lost', () => resolve({ how: 'lost' }));

      const onData = (chunk: Buffer): void => {
        const { pass, detach } = raw ? key.push(chunk) : { pass: chunk, detach: false };
        // The run may end while a key is on its way; its end is reported by `exit`.
        if (pass.length > 0) client.input(pass, { typed: true }).catch(() => undefined);
        if (detach) return resolve({ how: 'detached' });
        if (client.unsentBytes > UNSENT_BYTES) {
          stdin.pause();
          setImmediate(() => stdin.resume());
        }
      };
      stdin.on('data', onData);
      undo.push(
        () => stdin.off('data', onData),
        () => stdin.pause(),
      );

      const onResize = (): void => void client.resize(terminalSize().cols, terminalSize().rows).catch(() => undefined);
      stdout.on('resize', onResize);
      undo.push(() => stdout.off('resize', onResize));

      for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) {
        const pass = (): void => void client.signal(signal).catch(() => undefined);
        process.on(signal, pass);
        undo.push(() => process.off(signal, pass));
      }
      // The window was closed: the agent lives on in its holder.
      const gone = (): void => resolve({ how: 'detached' });
      process.on('SIGHUP', gone);
      stdout.on('error', gone);
      undo.push(
        () => process.off('SIGHUP', gone),
        () => stdout.off('error', gone),
      );

      if (raw) {
        stdin.setRawMode(true);
        undo.push(() => stdin.setRawMode(false));
      }
      client
        .subscribe(from)
        .then(() => (options.repaint ? client.repaint() : undefined))
        .catch(reject);
    });
  } finally {
    for (const step of undo.reverse()) step();
    client.removeAllListeners();
    client.close();
    if (raw) stdout.write(RESET);
  }
}
