/**
 * Claude Code's hooks: how they are injected for one run (`--settings` with inline JSON, no user file touched) and what their payloads add
 * to a question that stands on the screen. A hook never decides: it reports and returns. Payload shapes: recorded from 2.1.331.
 */
import * as v from 'valibot';
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';
import { newestFitting } from '../lib/newest-hook.ts';

const EVENTS: { event: string; matcher?: string }[] = [
  { event: 'PermissionRequest' },
  { event: 'PreToolUse', matcher: 'AskUserQuestion|ExitPlanMode' },
  { event: 'PostToolUse', matcher: 'AskUserQuestion|ExitPlanMode' },
  { event: 'Notification' },
  { event: 'UserPromptSubmit' },
  { event: 'Stop' },
];

/** Claude runs hooks through a shell. */
function shellQuote(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** `argv` with ClawTab's hooks; settings that the user gave with `--settings` are left alone, and then there are no hooks. */
export function withHooks(argv: readonly string[], hookCommand: readonly string[]): { argv: string[] } {
  if (argv.some((word) => word === '--settings' || word.startsWith('--settings='))) return { argv: [...argv] };
  const hooks: Record<string, unknown> = {};
  for (const { event, matcher } of EVENTS) {
    hooks[event] = [
      { ...(matcher === undefined ? {} : { matcher }), hooks: [{ type: 'command', command: shellQuote(hookCommand), timeout: 5 }] },
    ];
  }
  const at = programIndex(argv);
  return { argv: [...argv.slice(0, at + 1), '--settings', JSON.stringify({ hooks }), ...argv.slice(at + 1)] };
}

/** The word after which Claude's own options start. */
function programIndex(argv: readonly string[]): number {
  const at = argv.findIndex((word) => /(?:^|\/)claude(?:\.\w+)?$|claude-code/.test(word));
  return Math.max(0, at);
}

const Payload = v.looseObject({ tool_name: v.string(), tool_input: v.looseObject({}) });
const Asked = v.looseObject({
  questions: v.array(
    v.looseObject({
      question: v.string(),
      header: v.optional(v.string(), ''),
      multiSelect: v.optional(v.boolean(), false),
      options: v.array(v.looseObject({ label: v.string(), description: v.optional(v.string()) })),
    }),
  ),
});

const bare = (text: string): string => text.replace(/[\s│╭╮╰╯─…]+/g, '');

/** The question with what the newest matching hook knows better; unchanged where no hook speaks of this very dialog. */
export function fuse(question: ParsedQuestion, hooks: readonly HookHint[]): ParsedQuestion {
  const calls = hooks.flatMap((hint) => {
    const payload = hint.event === 'PermissionRequest' || hint.event === 'PreToolUse' ? v.safeParse(Payload, hint.payload) : null;
    return payload?.success ? [payload.output] : [];
  });
  const about = newestFitting(calls, (call, exactly) => fuseOne(question, call.tool_name, call.tool_input, exactly) !== null);
  return (about && fuseOne(question, about.tool_name, about.tool_input, false)) ?? question;
}

/** `exactly`: only what the screen shows whole. */
function fuseOne(question: ParsedQuestion, tool: string, input: Record<string, unknown>, exactly: boolean): ParsedQuestion | null {
  if (tool === 'AskUserQuestion')
    return question.tabs !== undefined || question.kind === 'choice' || question.kind === 'multiselect' ? fuseAsk(question, input) : null;
  if (tool === 'ExitPlanMode') {
    const plan = input.plan;
    return question.kind === 'plan' && typeof plan === 'string' && plan.trim() !== ''
      ? { ...question, detail: plan.trim(), detailKind: 'plan', source: 'hook' }
      : null;
  }
  if (question.kind !== 'permission') return null;
  const { command, description } = input;
  if (typeof command === 'string') {
    const [shown, said] = [question.detail, command].map((text) => bare(text.replace(/^│ ?/gm, ''))) as [string, string];
    // A tall dialog has lost its title, and shows only the end of its command.
    const cut = !exactly && question.title === '';
    if (shown === '' || !(cut ? said.endsWith(shown) : said === shown)) return null;
    const note =
      typeof description === 'string' && !(question.note ?? '').includes(description) && question.note === undefined
        ? { note: description }
        : {};
    return { ...question, ...note, detail: command, detailKind: 'command', source: 'hook' };
  }
  const path = input.file_path ?? input.notebook_path;
  if (typeof path !== 'string' || !`${question.text}\n${question.note ?? ''}`.includes(path.split('/').pop()!)) return null;
  if (typeof input.old_string === 'string' && typeof input.new_string === 'string') {
    if (!showsChange(question.detail, input.old_string, input.new_string)) return null;
    return { ...question, detail: editAsDiff(path, input.old_string, input.new_string), detailKind: 'diff', source: 'hook' };
  }
  if (typeof input.content === 'string' && showsChange(question.detail, null, input.content))
    return { ...question, detail: `${path}\n\n${input.content}`, detailKind: 'text', source: 'hook' };
  return null;
}

/** Every row that the screen shows as added or taken away is of this very change. `before` null: not known. */
function showsChange(detail: string, before: string | null, after: string): boolean {
  const [old, fresh] = [before === null ? null : bare(before), bare(after)];
  return detail.split('\n').every((row) => {
    const [, sign, text] = /^\s*\d+ ([+-])(.*)$/.exec(row) ?? [];
    if (sign === undefined || text === undefined) return true;
    return sign === '+' ? fresh.includes(bare(text)) : old === null || old.includes(bare(text));
  });
}

function fuseAsk(question: ParsedQuestion, input: Record<string, unknown>): ParsedQuestion | null {
  const asked = v.safeParse(Asked, input);
  if (!asked.success) return null;
  const pages = asked.output.questions;
  const page = pages.find((each) => bare(each.question) === bare(question.text));
  const review =
    question.kind === 'confirm' && question.tabs !== undefined && pages.some((each) => bare(question.detail).includes(bare(each.question)));
  if (page === undefined && !review) return null;
  // A single choice is answered by one tap; only what ends on a review page is a form.
  const form =
    pages.length < 2 && question.tabs === undefined
      ? {}
      : {
          form: pages.map((each) => ({
            title: each.header,
            text: each.question,
            multi: each.multiSelect,
            options: each.options.map((option) => ({
              label: option.label,
              ...(option.description === undefined ? {} : { description: option.description }),
            })),
          })),
        };
  if (page === undefined) return { ...question, ...form, source: 'hook' };
  const options = question.options.map((option) => {
    if (option.freeText === true || option.submit === true) return option;
    const exact =
      page.options.find((each) => bare(each.label) === bare(option.label)) ??
      page.options.find((each) => bare(each.label).startsWith(bare(option.label)));
    return exact !== undefined
      ? { ...option, label: exact.label, ...(exact.description === undefined ? {} : { description: exact.description }) }
      : option;
  });
  return { ...question, text: page.question, options, ...form, source: 'hook' };
}

/** One replaced passage as a unified diff without line numbers (the hook does not give them). */
function editAsDiff(path: string, before: string, after: string): string {
  const sign = (text: string, mark: string) => (text === '' ? [] : text.split('\n').map((line) => `${mark}${line}`));
  return [`--- ${path}`, `+++ ${path}`, ...sign(before, '-'), ...sign(after, '+')].join('\n');
}
