/**
 * Gemini CLI's hooks: injected for one run through the lowest layer of its settings (`GEMINI_CLI_SYSTEM_DEFAULTS_PATH`, a file beside this
 * one that names the command by an environment variable), so that no user file is touched and no setting of the user's is outvoted. A hook
 * never decides; it is run in the background, because Gemini waits for its hooks before it shows a dialog. Payload shapes: recorded from 0.61.0.
 */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { ParsedQuestion, QuestionOption } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';
import { newestFitting } from '../lib/newest-hook.ts';
// Imported for its side effect on the build: a file that is imported is a file that is published.
import settings from './hook-settings.json' with { type: 'json' };

const COMMAND_VARIABLE = 'CLAWTAB_GEMINI_HOOK';
const DEFAULTS_VARIABLE = 'GEMINI_CLI_SYSTEM_DEFAULTS_PATH';
/** Where an administrator may have put defaults of their own; ours would hide them. */
const ADMIN_DEFAULTS = ['/etc/gemini-cli/system-defaults.json', '/Library/Application Support/GeminiCli/system-defaults.json'];

/** Gemini runs hooks through bash. */
function shellQuote(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/**
 * Gemini (0.61.0) skips such a file, and warns on its screen, unless it and every folder above it belong to root and nobody else may write there: true
 * of a package that root installed, never of one in a home.
 */
function isAccepted(file: string): boolean {
  const all = (path: string): string[] => (path === dirname(path) ? [path] : [path, ...all(dirname(path))]);
  return [...all(file), ...all(realpathSync(file))].every((path) => {
    const { uid, mode } = statSync(path);
    return uid === 0 && lstatSync(path).uid === 0 && (mode & 0o022) === 0;
  });
}

/** The environment with ClawTab's hooks; none where an administrator's defaults stand, or where Gemini would not read `file`. */
export function withHooks(
  argv: readonly string[],
  hookCommand: readonly string[],
  file = join(import.meta.dirname, 'hook-settings.json'),
): { argv: string[]; env?: Record<string, string> } {
  const taken = process.env[DEFAULTS_VARIABLE] !== undefined || ADMIN_DEFAULTS.some((path) => existsSync(path));
  if (taken || Object.keys(settings.hooks).length === 0 || !isAccepted(file)) return { argv: [...argv] };
  return { argv: [...argv], env: { [DEFAULTS_VARIABLE]: file, [COMMAND_VARIABLE]: shellQuote(hookCommand) } };
}

const Exec = v.looseObject({ details: v.looseObject({ type: v.literal('exec'), command: v.string() }) });
const Edit = v.looseObject({ details: v.looseObject({ type: v.literal('edit'), fileName: v.string(), fileDiff: v.string() }) });
const Asked = v.looseObject({
  tool_name: v.literal('ask_user'),
  tool_input: v.looseObject({
    questions: v.pipe(
      v.array(
        v.looseObject({
          question: v.string(),
          header: v.optional(v.string(), ''),
          type: v.optional(v.string(), 'choice'),
          multiSelect: v.optional(v.boolean(), false),
          options: v.optional(v.array(v.looseObject({ label: v.string(), description: v.optional(v.string()) })), []),
        }),
      ),
      v.minLength(1),
    ),
  }),
});

const bare = (text: string): string => text.replace(/[\s│╭╮╰╯─…*`_]+/g, '');

/** The question with what the newest matching hook knows better; unchanged where no hook speaks of this very dialog. */
export function fuse(question: ParsedQuestion, hooks: readonly HookHint[]): ParsedQuestion {
  const about = newestFitting(hooks, ({ payload }, exactly) => fuseOne(question, payload, exactly) !== null);
  return (about && fuseOne(question, about.payload, false)) ?? question;
}

/** `exactly`: only what the screen shows whole. */
function fuseOne(question: ParsedQuestion, payload: unknown, exactly: boolean): ParsedQuestion | null {
  if (question.kind === 'permission') return fusePermission(question, payload, exactly);
  if (question.tabs === undefined && question.kind !== 'choice' && question.kind !== 'multiselect') return null;
  const asked = v.safeParse(Asked, payload);
  return asked.success ? fuseAsked(question, asked.output.tool_input.questions) : null;
}

function fusePermission(question: ParsedQuestion, payload: unknown, exactly: boolean): ParsedQuestion | null {
  const shown = bare(question.detail.replace(/^\.{3}.*\.{3}$/gm, ''));
  const exec = v.safeParse(Exec, payload);
  if (exec.success) {
    const { command } = exec.output.details;
    // A tall dialog shows only the end of its command.
    return shown !== '' && (exactly ? bare(command) === shown : bare(command).includes(shown))
      ? { ...question, detail: command, detailKind: 'command', source: 'hook' }
      : null;
  }
  const edit = v.safeParse(Edit, payload);
  if (!edit.success || question.detailKind !== 'diff') return null;
  const { fileName, fileDiff } = edit.output.details;
  const rows = question.detail.split('\n').filter((row) => /^\s*\d+\s/.test(row));
  const last = bare(rows.at(-1)?.replace(/^\s*\d+\s+[-+]?/, '') ?? '');
  const about = `${question.note ?? ''} ${question.detail}`.includes(fileName) || question.note === undefined;
  return about && bare(fileDiff).includes(last) ? { ...question, detail: fileDiff, detailKind: 'diff', source: 'hook' } : null;
}

type Asked = v.InferOutput<typeof Asked>['tool_input']['questions'];

/** All rows of the list, also those scrolled off or cut, and all pages of the form. */
function fuseAsked(question: ParsedQuestion, pages: Asked): ParsedQuestion | null {
  const reviewing = question.kind === 'confirm' && question.tabs !== undefined;
  const page = pages.find((each) => bare(each.question) === bare(question.text));
  if (pages.length > 1 ? question.tabs?.length !== pages.length + 1 : question.tabs !== undefined) return null;
  if (page === undefined && !(reviewing && pages.every((each) => bare(question.detail).includes(bare(each.header))))) return null;
  const form =
    pages.length < 2
      ? {}
      : {
          form: pages.map((each) => ({
            title: each.header,
            text: each.question,
            multi: each.multiSelect,
            options: optionsOf(each).map(({ label, description }) => ({ label, ...(description === undefined ? {} : { description }) })),
          })),
        };
  if (page === undefined) return { ...question, ...form, source: 'hook' };
  const known = optionsOf(page);
  // Every visible row must be the one that the hook names at its number, or the hook speaks of another question.
  const visible = question.options.filter((option) => option.freeText !== true && option.submit !== true);
  const places = visible.map((option) =>
    known.findIndex((each) => bare(each.label).startsWith(bare(option.label)) && bare(option.label) !== ''),
  );
  const extra = visible.filter((_, n) => places[n]! < 0);
  if (known.length > 0 && (visible.length === 0 || extra.length > (page.multiSelect ? 1 : 0))) return null;
  const inField = question.options.some((option) => option.freeText === true && option.default === true);
  const options = known.map((each, index): QuestionOption => {
    const shown = visible[places.indexOf(index)];
    const base: Omit<QuestionOption, 'label'> = shown ?? {
      keys: index < 9 && !inField ? [String(index + 1)] : [],
      ...(page.multiSelect ? { checked: false } : {}),
    };
    return { ...base, label: each.label, ...(each.description === undefined ? {} : { description: each.description }) };
  });
  const rest = question.options.filter((option) => option.freeText === true || option.submit === true || extra.includes(option));
  // "All of the above" stands between the options and the row that takes text.
  const all = [...options, ...rest];
  const field = all.findIndex((option) => option.freeText === true);
  return {
    ...question,
    text: page.question,
    options: all,
    ...(question.freeText === undefined ? {} : { freeText: { ...question.freeText, option: field < 0 ? null : field } }),
    ...form,
    source: 'hook',
  };
}

function optionsOf(page: Asked[number]): { label: string; description?: string | undefined }[] {
  return page.type === 'yesno' ? [{ label: 'Yes' }, { label: 'No' }] : page.type === 'text' ? [] : page.options;
}
