import type { ParsedQuestion } from '../../../shared/question.ts';
import type { HookHint } from '../agent.ts';
export const fuse = (question: ParsedQuestion, _hooks: readonly HookHint[]): ParsedQuestion => question;
