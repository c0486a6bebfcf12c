/** A place with stand-ins on PATH for the service managers' commands: for tests. Not part of the product. */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { RunCommand, ServiceSpec } from './service.ts';

export interface ServicePlace {
  dir: string;
  /** Runs commands with the stand-ins first on PATH. */
  run: RunCommand;
  /** Every call so far, one a line, without the name of the command. */
  calls(): string[];
  spec(argv: readonly string[], env?: Record<string, string>): ServiceSpec;
  remove(): void;
}

/** `standIns`: command → file beside this one. */
export function servicePlace(standIns: Record<string, string>): ServicePlace {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-svc-'));
  const bin = path.join(dir, 'bin');
  const book = path.join(dir, 'book');
  fs.mkdirSync(bin);
  fs.mkdirSync(book);
  for (const [name, file] of Object.entries(standIns)) {
    // Through a script, so that the file itself needs no mode of its own.
    const target = path.join(import.meta.dirname, file);
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${target}' "$@"\n`, { mode: 0o755 });
  }
  const env = { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: dir, FAKE_LAUNCHD: book, FAKE_SYSTEMD: book };
  return {
    dir,
    run: (command, args) =>
      new Promise((resolve) => {
        execFile(command, args, { env }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 127, stdout, stderr });
        });
      }),
    calls: () => (fs.existsSync(`${book}/calls`) ? fs.readFileSync(`${book}/calls`, 'utf8').trimEnd().split('\n') : []),
    spec: (argv, more = {}) => ({
      argv,
      env: { PATH: process.env.PATH ?? '', HOME: dir, LANG: 'C.UTF-8', ...more },
      logFile: path.join(dir, 'logs dir', 'daemon.out'),
      home: dir,
      uid: process.getuid?.() ?? 0,
    }),
    remove: () => fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 }),
  };
}
