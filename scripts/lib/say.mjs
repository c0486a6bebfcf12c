/** How scripts speak: one line of what they do, one of what is wrong and the way out; commands run with their output shown. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export const say = (text) => process.stdout.write(`${text}\n`);

/** Ends the script: what is wrong, then what to do. */
export function fail(text, hint, code = 1) {
  process.stderr.write(`clawtab: ${text}\n${hint ? `try: ${hint}\n` : ''}`);
  process.exit(code);
}

/** Runs a command in the project's folder; resolves to its exit code and, with `capture`, to what it printed as well as showing it. */
export function run(command, args, { env = {}, capture = false, quiet = false } = {}) {
  return new Promise((done, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', capture ? 'pipe' : quiet ? 'ignore' : 'inherit', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      if (!quiet) process.stdout.write(chunk);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => done({ code: code ?? 1, signal, output }));
  });
}

/** Runs a command that must succeed. */
export async function must(what, command, args, options) {
  const { code } = await run(command, args, options);
  if (code !== 0) fail(`${what} failed (exit ${code})`);
}
