/**
 * Qwen Code's hooks: injected for one run through the lowest layer of its settings (`QWEN_CODE_SYSTEM_DEFAULTS_PATH`, a file beside this one
 * that names the command by an environment variable), so that no user file is touched and no setting of the user's is outvoted. They run in
 * the background (`async`): they report, they never decide and never hold the dialog back. Payload shapes: seen in 0.24.4.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';
import { newestFitting } from '../lib/newest-hook.ts';
// Imported for its side effect on the build: a file that is imported is a file that is published.
import settings from './hook-settings.json' with { type: 'json' };

const COMMAND_VARIABLE = 'CLAWTAB_QWEN_HOOK';
const DEFAULTS_VARIABLE = 'QWEN_CODE_SYSTEM_DEFAULTS_PATH';
/** Where an administrator may have put defaults of their own; ours would hide them. */
const ADMIN_DEFAULTS = ['/etc/qwen-code/system-defaults.json', '/Library/Application Support/QwenCode/system-defaults.json'];

/** Qwen runs hooks through a shell. */
function shellQuote(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** The environment with ClawTab's hooks; where an administrator's defaults stand there are none. */
export function withHooks(argv: readonly string[], hookCommand: readonly string[]): { argv: string[]; env?: Record<string, string> } {
  const taken = process.env[DEFAULTS_VARIABLE] !== undefined || ADMIN_DEFAULTS.some((path) => existsSync(path));
  if (taken || Object.keys(settings.hooks).length === 0) return { argv: [...argv] };
  return {
    argv: [...argv],
    env: { [DEFAULTS_VARIABLE]: join(import.meta.dirname, 'hook-settings.json'), [COMMAND_VARIABLE]: shellQuote(hookCommand) },
  };
}

const Payload = v.looseObject({ tool_name: v.string(), tool_input: v.looseObject({}) });
const Asked = v.looseObject({
  questions: v.pipe(
    v.array(
      v.looseObject({
        question: v.string(),
        header: v.optional(v.string(), ''),
        multiSelect: v.optional(v.boolean(), false),
        options: v.array(v.looseObject({ label: v.string(), description: v.optional(v.string()) })),
      }),
    ),
    v.minLength(1),
  ),
});

const bare = (text: string): string => text.replace(/[\s…*`_]+/g, '');

/** The question with what the newest matching hook knows better; unchanged where no hook speaks of this very dialog. */
export function fuse(question: ParsedQuestion, hooks: readonly HookHint[]): ParsedQuestion {
  const calls = hooks.flatMap((hint) => {
    const payload = v.safeParse(Payload, hint.payload);
    return payload.success ? [payload.output.tool_input] : [];
  });
  const about = newestFitting(calls, (input, exactly) => fuseOne(question, input, exactly) !== null);
  return (about && fuseOne(question, about, false)) ?? question;
}

/** `exactly`: only what the screen shows whole. */
const fuseOne = (question: ParsedQuestion, input: Record<string, unknown>, exactly: boolean): ParsedQuestion | null =>
  question.kind === 'permission' || question.kind === 'plan' ? fuseTool(question, input, exactly) : fuseAsked(question, input);

function fuseTool(question: ParsedQuestion, input: Record<string, unknown>, exactly: boolean): ParsedQuestion | null {
  const shown = bare(question.detail);
  const { command, plan, file_path: path, old_string: before, new_string: after, content } = input;
  if (typeof command === 'string') {
    // A tall dialog shows only a part of its command.
    return shown !== '' && (exactly ? bare(command) === shown : bare(command).includes(shown))
      ? { ...question, detail: command, detailKind: 'command', source: 'hook' }
      : null;
  }
  if (typeof plan === 'string') {
    return question.kind === 'plan' && plan.trim() !== '' ? { ...question, detail: plan.trim(), detailKind: 'plan', source: 'hook' } : null;
  }
  if (typeof path !== 'string' || question.detailKind !== 'diff' || !(question.note ?? '').includes(path.split('/').pop()!)) return null;
  if (typeof before === 'string' && typeof after === 'string') {
    const sign = (text: string, mark: string): string[] => (text === '' ? [] : text.split('\n').map((line) => `${mark}${line}`));
    const diff = [`--- ${path}`, `+++ ${path}`, ...sign(before, '-'), ...sign(after, '+')].join('\n');
    return { ...question, detail: diff, detailKind: 'diff', source: 'hook' };
  }
  return typeof content === 'string' ? { ...question, detail: `${path}\n\n${content}`, detailKind: 'text', source: 'hook' } : null;
}

/** Labels that are cut, and all pages of the form. */
function fuseAsked(question: ParsedQuestion, input: Record<string, unknown>): ParsedQuestion | null {
  const asked = v.safeParse(Asked, input);
  if (!asked.success) return null;
  const pages = asked.output.questions;
  const several = pages.length > 1;
  if (several ? question.tabs?.length !== pages.length + 1 : question.tabs !== undefined) return null;
  const page = pages.find((each) => bare(each.question) === bare(question.text));
  const sending = question.kind === 'confirm' && several && pages.every((each) => bare(question.detail).includes(bare(each.header)));
  if (page === undefined && !sending) return null;
  const form = pages.map((each) => ({
    title: each.header,
    text: each.question,
    multi: each.multiSelect,
    options: each.options.map(({ label, description }) => ({ label, ...(description === undefined ? {} : { description }) })),
  }));
  if (page === undefined) return { ...question, form, source: 'hook' };
  const options = question.options.map((option, index) => {
    const exact = page.options[index];
    if (exact === undefined || option.freeText === true || !bare(exact.label).startsWith(bare(option.label))) return option;
    return { ...option, label: exact.label, ...(exact.description === undefined ? {} : { description: exact.description }) };
  });
  return { ...question, text: page.question, options, ...(several ? { form } : {}), source: 'hook' };
}
