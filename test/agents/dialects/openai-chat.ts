/** OpenAI Chat Completions: opencode, Copilot with a key of its own, Qwen Code. */
import type { ServerResponse } from 'node:http';
import { type Asked, place, type ToolResult, type Turn } from '../script.ts';
import { contentText, type Dialect, EventStream, isRecord, listOf, pieces, sendJson, textOf } from './dialect.ts';

function read(_path: string, body: unknown): Asked {
  const request = isRecord(body) ? body : {};
  const tools = new Map<string, string>();
  const messages = listOf(request['messages']).flatMap((raw) => {
    const message = isRecord(raw) ? raw : {};
    if (message['role'] === 'system' || message['role'] === 'developer') return [];
    const role: 'user' | 'model' = message['role'] === 'assistant' ? 'model' : 'user';
    for (const call of listOf(message['tool_calls']))
      if (isRecord(call) && isRecord(call['function'])) tools.set(textOf(call['id']), textOf(call['function']['name']));
    const text = contentText(message['content']);
    const results: ToolResult[] =
      message['role'] === 'tool' ? [{ tool: tools.get(textOf(message['tool_call_id'])) ?? '?', content: text, isError: false }] : [];
    return [{ role, text: message['role'] === 'tool' ? '' : text, results }];
  });
  const asked = listOf(request['tools']).length > 0 ? place(messages) : { script: null, step: 0, results: [] };
  return { ...asked, stream: request['stream'] === true };
}

async function write(response: ServerResponse, turn: Turn, asked: Asked, id: string): Promise<void> {
  const calls = (turn.calls ?? []).map((call, index) => ({
    index,
    id: `call_${id}_${index}`,
    type: 'function',
    function: { name: call.tool, arguments: JSON.stringify(call.input) },
  }));
  const finish_reason = calls.length > 0 ? 'tool_calls' : 'stop';
  const usage = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };
  const head = { id: `chatcmpl-${id}`, created: 0, model: 'scripted' };
  if (!asked.stream) {
    const message = { role: 'assistant', content: turn.say ?? null, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
    return sendJson(response, 200, { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage });
  }
  const stream = new EventStream(response, turn.paceMs);
  const chunk = (delta: Record<string, unknown>, finish: string | null = null) =>
    stream.send({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] });
  await chunk({ role: 'assistant', content: '' });
  for (const content of pieces(turn.say ?? '')) await chunk({ content });
  for (const call of calls) await chunk({ tool_calls: [call] });
  await chunk({}, finish_reason);
  await stream.send({ ...head, object: 'chat.completion.chunk', choices: [], usage });
  await stream.send('[DONE]');
  stream.end();
}

export const openaiChat: Dialect = {
  name: 'OpenAI Chat Completions',
  speaks: (path) => path.endsWith('/chat/completions'),
  read,
  write,
  error: (status, type, message) => ({ error: { type, message, code: String(status) } }),
};
