/**
 * Rules that answer by themselves: which question they speak of, and what they say. Deny wins over allow, a rule that has run out says nothing, and
 * what is not certain is left to a person. Pure; carrying the answer out is policies.ts's.
 */
import type { Policy } from '../../shared/protocol.ts';
import type { Choice, ParsedQuestion } from '../../shared/question.ts';
import { labelDigest } from '../questions/digest.ts';
import { certain, mentioned, type Words } from './shell.ts';
import { runsAnother } from './wrappers.ts';

/** What of a question and its run rules look at. */
export interface Case {
  question: ParsedQuestion;
  agent: string;
  job: string | null;
  run: string;
  cwd: string;
}

export interface Decision {
  effect: Policy['effect'];
  rule: Policy;
  choice: Choice;
}

/** Null: nobody but a person decides. */
export function decide(asked: Case, rules: readonly Policy[], nowMs: number): Decision | null {
  if (asked.question.kind !== 'permission') return null;
  const live = rules.filter((rule) => (rule.until === undefined || rule.until > nowMs) && speaksOf(rule, asked));
  const deny = live.filter((rule) => rule.effect === 'deny');
  const denied = deny.find((rule) => denies(rule, asked.question));
  if (denied) return withChoice(asked.question, denied);
  const allowed = allowing(
    live.filter((rule) => rule.effect === 'allow'),
    asked.question,
  );
  return allowed && !mayBeDenied(deny, asked.question) ? withChoice(asked.question, allowed) : null;
}

function speaksOf(rule: Policy, asked: Case): boolean {
  if (rule.agent !== undefined && rule.agent !== asked.agent) return false;
  if (rule.job !== undefined && rule.job !== asked.job) return false;
  if (rule.run !== undefined && rule.run !== asked.run) return false;
  if (rule.tool !== undefined && rule.tool.toLowerCase() !== asked.question.title.toLowerCase()) return false;
  return rule.directory === undefined || asked.cwd === rule.directory || asked.cwd.startsWith(rule.directory.replace(/\/?$/, '/'));
}

function denies(rule: Policy, question: ParsedQuestion): boolean {
  if (rule.command === undefined) return true;
  return isCommand(question) && mentions(question).commands.some((words) => begins(words, rule.command!));
}

/** The screen may hold a description below the command: each line is looked at. */
function mentions(question: ParsedQuestion): ReturnType<typeof mentioned> {
  const whole = mentioned(question.detail);
  if (question.source === 'hook') return whole;
  return { ...whole, commands: [...whole.commands, ...question.detail.split('\n').flatMap((line) => mentioned(line).commands)] };
}

/**
 * Nothing that is allowed may be what a deny rule means: where the line cannot be known to its end, or the denied command stands there in another spelling (`git -C x push`,
 * `rm -fr`), a person decides.
 */
function mayBeDenied(deny: readonly Policy[], question: ParsedQuestion): boolean {
  const patterns = deny.flatMap((rule) => (rule.command === undefined ? [] : [rule.command]));
  if (patterns.length === 0 || !isCommand(question)) return false;
  const { commands, whole } = mentions(question);
  if (!whole || !isWhole(question) || certain(question.detail) === null) return true;
  return patterns.some((pattern) => commands.some((words) => resembles(words, pattern)));
}

/** The same program, and the rest of the pattern's words in order, whatever stands between them; short options in any order and grouping. */
function resembles(words: Words, pattern: readonly string[]): boolean {
  const [program, ...rest] = pattern;
  if (program !== '*' && program !== words[0]) return false;
  const letters = words.flatMap((word) => (/^-[a-zA-Z]+$/.test(word) ? [...word.slice(1)] : []));
  const long = words.some((word) => word.startsWith('--'));
  let at = 1;
  return rest.every((word) => {
    if (word === '*' || word === '$') return true;
    if (/^-[a-zA-Z]+$/.test(word)) return long || [...word.slice(1)].every((letter) => letters.includes(letter));
    if (word.startsWith('--') && letters.length > 0) return true;
    const found = words.indexOf(word, at);
    at = found + 1;
    return found > 0;
  });
}

/** The rule that allows, where every command of the question is allowed by one. */
function allowing(rules: readonly Policy[], question: ParsedQuestion): Policy | null {
  const whole = rules.find((rule) => rule.command === undefined && rule.tool !== undefined);
  if (whole) return whole;
  if (!isCommand(question) || !isWhole(question)) return null;
  const commands = certain(question.detail);
  if (commands === null) return null;
  const used = commands.map((words) => rules.find((rule) => rule.command !== undefined && allows(words, rule.command)));
  return used.every((rule) => rule !== undefined) ? used[0]! : null;
}

/** A rule for `find` or `git` speaks of that, and not of what `-exec` or `-c alias.x=!…` would run: only a rule that names this too. */
function allows(words: Words, pattern: readonly string[]): boolean {
  const another = runsAnother(words);
  return begins(words, pattern) && (another === null || pattern.length > another);
}

const isCommand = (question: ParsedQuestion): boolean => question.detailKind === 'command' && question.detail !== '';

/** Read from the screen, a command may have been cut, or its wrapped lines joined wrongly. */
const isWhole = (question: ParsedQuestion): boolean => question.source === 'hook' || !/[\n…]/.test(question.detail);

/** `*` stands for any one word; the command may go on behind the pattern, unless that ends with `$`. */
function begins(words: Words, pattern: readonly string[]): boolean {
  const exact = pattern.at(-1) === '$';
  const wanted = exact ? pattern.slice(0, -1) : pattern;
  if (words.length < wanted.length || (exact && words.length !== wanted.length)) return false;
  return wanted.every((word, i) => word === '*' || word === words[i]);
}

const YES = /^(?:yes|y|allow|approve|accept|proceed|continue|run|ok)\b/i;
const NO = /^(?:no|n|deny|reject|cancel|decline|don['’]t|skip)\b/i;

/** The plain yes, or the no. Never an option that widens rights; where there is no plain one a person decides. */
function withChoice(question: ParsedQuestion, rule: Policy): Decision | null {
  const plain = question.options.flatMap((option, index) =>
    option.dangerous === true || option.freeText === true || option.submit === true ? [] : [{ option, index }],
  );
  const found = plain.find(({ option }) => (rule.effect === 'allow' ? YES : NO).test(option.label));
  if (found)
    return { effect: rule.effect, rule, choice: { type: 'option', index: found.index, labelDigest: labelDigest(found.option.label) } };
  if (rule.effect === 'deny' && question.dismiss !== undefined) return { effect: 'deny', rule, choice: { type: 'dismiss' } };
  return null;
}
