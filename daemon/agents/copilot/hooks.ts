/**
 * Copilot's hooks: given to one run as a plug-in folder on its command line (`--plugin-dir`, no user file touched), which reads the command
 * to report to from a variable of the run. The hook reports in the background and returns at once without a decision, so that the dialog comes
 * as ever. What it knows better than the screen: a command taller than the box, and the edit as a diff. Payloads: recorded from 1.0.102.
 */
import { join } from 'node:path';
import * as v from 'valibot';
import type { ParsedQuestion } from '../../../shared/question.ts';
import { ABOVE, type HookHint } from '../agent.ts';
import hooks from './plugin/hooks.json' with { type: 'json' };
import './plugin/plugin.json' with { type: 'json' };

const COMMAND_VARIABLE = 'CLAWTAB_COPILOT_HOOK';
const [EVENT = ''] = Object.keys(hooks.hooks);

function shellQuote(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

export function withHooks(argv: readonly string[], hookCommand: readonly string[]): { argv: string[]; env: Record<string, string> } {
  const at = Math.max(
    0,
    argv.findIndex((word) => /(?:^|\/)copilot(?:\.\w+)?$|@github\/copilot/.test(word)),
  );
  const folder = join(import.meta.dirname, 'plugin');
  return {
    argv: [...argv.slice(0, at + 1), `--plugin-dir=${folder}`, ...argv.slice(at + 1)],
    env: { [COMMAND_VARIABLE]: shellQuote(hookCommand) },
  };
}

const Payload = v.looseObject({
  request: v.looseObject({
    toolInput: v.looseObject({ command: v.optional(v.string()), file_path: v.optional(v.string()), diff: v.optional(v.string()) }),
  }),
});

const bare = (text: string): string => text.replace(/\s+/g, '');

/** The question with what the newest matching hook knows better; unchanged where no hook speaks of this very dialog. */
export function fuse(question: ParsedQuestion, hints: readonly HookHint[]): ParsedQuestion {
  if (question.kind !== 'permission') return question;
  for (let i = hints.length - 1; i >= 0; i--) {
    if (hints[i]!.event !== EVENT) continue;
    const payload = v.safeParse(Payload, hints[i]!.payload);
    if (!payload.success) continue;
    const { command, file_path: path, diff } = payload.output.request.toolInput;
    const shown = bare(question.detail.replace(ABOVE, ''));
    if (question.detailKind === 'command' && command !== undefined && shown !== '' && bare(command).endsWith(shown))
      return { ...question, detail: command, source: 'hook' };
    const edits = path !== undefined && diff !== undefined && bare(question.text).includes(bare(path));
    if (edits && question.detailKind !== 'command') return { ...question, detail: diff.trim(), detailKind: 'diff', source: 'hook' };
  }
  return question;
}
