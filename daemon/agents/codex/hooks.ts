import type { ParsedQuestion } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';
export function fuse(question: ParsedQuestion, _hooks: readonly HookHint[]): ParsedQuestion {
  return question;
}
