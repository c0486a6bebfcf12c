/** What the scripted model says, in no API's words: the dialects turn it into Anthropic, OpenAI or Gemini streams. */

export interface ToolCall {
  tool: string;
  input: Record<string, unknown>;
}

/** One turn of the model: text, tool calls, or a refusal by the API. */
export interface Turn {
  say?: string;
  calls?: readonly ToolCall[];
  /** HTTP status to answer with instead of a turn. */
  fail?: { status: number; type: string; message: string };
  /** Milliseconds before the first piece: a model that thinks. */
  thinkMs?: number;
  /** Milliseconds between the pieces of the stream: an agent that works for a while. */
  paceMs?: number;
}

/** The turns of one conversation, in order; after the last one the model says a closing sentence. */
export type Script = readonly Turn[];

export interface ToolResult {
  tool: string;
  content: string;
  isError: boolean;
}

/** What a dialect understood of a request. */
export interface Asked {
  /** The marker in the newest user text that has one; null for side requests (titles, summaries). */
  script: string | null;
  /** Turns of the model since that text. */
  step: number;
  /** Results of tools since that text. */
  results: readonly ToolResult[];
  stream: boolean;
}

/** The user's text that starts a script: typed or given as the prompt. */
export const scriptPrompt = (name: string): string => `SCRIPT:${name} go`;

export function scriptIn(text: string): string | null {
  return [...text.matchAll(/SCRIPT:([\w./-]+)/g)].at(-1)?.[1] ?? null;
}

/** Finds the marker in a conversation given as texts by role, newest last. */
export function place(
  messages: readonly { role: 'user' | 'model'; text: string; results: readonly ToolResult[] }[],
): Omit<Asked, 'stream'> {
  for (let at = messages.length - 1; at >= 0; at--) {
    const message = messages[at]!;
    const script = message.role === 'user' ? scriptIn(message.text) : null;
    if (script === null) continue;
    const after = messages.slice(at + 1);
    return { script, step: after.filter((m) => m.role === 'model').length, results: after.flatMap((m) => m.results) };
  }
  return { script: null, step: 0, results: [] };
}
