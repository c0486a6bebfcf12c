/**
 * Codex's hooks: how they are given to one run (config overrides on its command line, no user file touched) and what their payloads add to a
 * question that stands on the screen. A hook never decides: it reports and returns. Payload shapes: recorded from 0.169.0.
 *
 * Codex runs only hooks whose definition the user has trusted, by a hash over the definition. The override trusts exactly these hooks of this
 * run, by that hash; `--dangerously-bypass-hook-trust` would also let hooks of a cloned project run. Where a later version computes the hash
 * otherwise, the hooks do not run and the screen alone is read. Source: openai/codex codex-rs/hooks/src/engine/discovery.rs, `hook_hash`.
 */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { ParsedQuestion } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';

interface Hook {
  /** The name in the configuration, and the one in Codex's keys. */
  event: string;
  key: string;
  matcher?: string;
}

/** PermissionRequest runs before its dialog: it is asynchronous, so that the dialog never waits for it. */
const HOOKS: readonly Hook[] = [
  { event: 'PermissionRequest', key: 'permission_request' },
  { event: 'PreToolUse', key: 'pre_tool_use', matcher: '^request_user_input' },
];
const TIMEOUT_S = 5;
/** Where Codex says that overrides on the command line come from. */
const SOURCE = '/<session-flags>/config.toml';

/** Codex runs hooks through a shell. */
function shellQuote(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** `argv` with ClawTab's hooks; where the user gives hooks of this run's own, those are left alone and there are no others. */
export function withHooks(argv: readonly string[], hookCommand: readonly string[]): { argv: string[] } {
  if (argv.some((word) => /^(?:--config=|-c=?)?hooks\b/.test(word))) return { argv: [...argv] };
  const command = shellQuote(hookCommand);
  const states: string[] = [];
  const overrides: string[] = [];
  for (const { event, key, matcher } of HOOKS) {
    const handler = { type: 'command', command, timeout: TIMEOUT_S, async: true };
    const hash = hashOf({ event_name: key, ...(matcher === undefined ? {} : { matcher }), hooks: [handler] });
    overrides.push('-c', `hooks.${event}=${toml([{ ...(matcher === undefined ? {} : { matcher }), hooks: [handler] }])}`);
    states.push(`${JSON.stringify(`${SOURCE}:${key}:0:0`)}={trusted_hash=${JSON.stringify(hash)}}`);
  }
  overrides.push('-c', `hooks.state={${states.join(',')}}`);
  const at = Math.max(
    0,
    argv.findIndex((word) => /(?:^|\/)codex(?:\.\w+)?$|@openai\/codex/.test(word)),
  );
  return { argv: [...argv.slice(0, at + 1), ...overrides, ...argv.slice(at + 1)] };
}

/** SHA-256 over compact JSON with sorted keys. */
function hashOf(value: unknown): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/** Inline TOML; strings are written as JSON, which TOML reads alike. */
function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${key}=${toml(each)}`)
    .join(',')}}`;
}

const Payload = v.looseObject({ tool_name: v.string(), tool_input: v.looseObject({}) });
const Asked = v.looseObject({
  questions: v.array(
    v.looseObject({
      question: v.optional(v.string()),
      title: v.optional(v.string()),
      header: v.optional(v.string(), ''),
      options: v.optional(v.array(v.union([v.string(), v.looseObject({ label: v.string(), description: v.optional(v.string()) })])), []),
    }),
  ),
});

const bare = (text: string): string => text.replace(/[\s…]+/g, '');

/** The question with what the newest matching hook knows better; unchanged where no hook speaks of this very dialog. */
export function fuse(question: ParsedQuestion, hooks: readonly HookHint[]): ParsedQuestion {
  for (let i = hooks.length - 1; i >= 0; i--) {
    const hint = hooks[i]!;
    if (hint.event !== 'PermissionRequest' && hint.event !== 'PreToolUse') continue;
    const payload = v.safeParse(Payload, hint.payload);
    if (!payload.success) continue;
    const { tool_name: tool, tool_input: input } = payload.output;
    const fused = tool.startsWith('request_user_input') ? fuseQuestions(question, input) : fuseApproval(question, input);
    if (fused !== null) return fused;
  }
  return question;
}

/** The screen shows the start of a long command and how many rows it has cut; the hook has it whole. */
function fuseApproval(question: ParsedQuestion, input: Record<string, unknown>): ParsedQuestion | null {
  const { command } = input;
  if (question.kind !== 'permission' || typeof command !== 'string') return null;
  if (/^\*\*\* Begin Patch/.test(command.trimStart())) {
    const files = [...command.matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.+)$/gm)].map((match) => match[1]!.trim());
    const same = question.detailKind !== 'command' && files.length > 0 && files.every((file) => bare(question.detail).includes(bare(file)));
    return same ? { ...question, detail: command.trim(), detailKind: 'diff', source: 'hook' } : null;
  }
  if (question.detailKind !== 'command') return null;
  const whole = question.detail.replace(/\n?\[… ?\d+ .*$/s, '');
  const [shown, said] = [bare(whole), bare(command)];
  // Another command that begins alike is not this one, unless the screen says that it has cut rows.
  const same = whole === question.detail ? said === shown : said.startsWith(shown);
  return shown !== '' && same ? { ...question, detail: command, source: 'hook' } : null;
}

function fuseQuestions(question: ParsedQuestion, input: Record<string, unknown>): ParsedQuestion | null {
  const asked = v.safeParse(Asked, input);
  if (!asked.success || (question.kind !== 'choice' && question.kind !== 'text')) return null;
  const pages = asked.output.questions.map((page) => ({
    title: page.header,
    text: page.question ?? page.title ?? '',
    multi: false,
    options: page.options.map((option) =>
      typeof option === 'string'
        ? { label: option }
        : { label: option.label, ...(option.description === undefined ? {} : { description: option.description }) },
    ),
  }));
  const page = pages.find((each) => bare(each.text) === bare(question.text));
  if (page === undefined) return null;
  const options = question.options.map((option, index) => {
    const exact = page.options[index];
    return exact !== undefined && bare(exact.label) === bare(option.label) ? { ...option, ...exact } : option;
  });
  const tabs = question.tabs?.map((tab, index) => ({ ...tab, title: pages[index]?.title || tab.title }));
  return {
    ...question,
    title: page.title,
    text: page.text,
    options,
    ...(tabs === undefined ? {} : { tabs }),
    // The questions of one set are answered one after another; asynchronous ones wait apart.
    ...(question.nonBlocking === true || pages.length < 2 ? {} : { form: pages }),
    source: 'hook',
  };
}
