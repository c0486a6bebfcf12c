/** OpenAI Responses: Codex. */
import type { ServerResponse } from 'node:http';
import { type Asked, place, type ToolResult, type Turn } from '../script.ts';
import { contentText, type Dialect, EventStream, isRecord, listOf, pieces, sendJson, textOf } from './dialect.ts';

function read(_path: string, body: unknown): Asked {
  const request = isRecord(body) ? body : {};
  const tools = new Map<string, string>();
  const messages: { role: 'user' | 'model'; text: string; results: ToolResult[] }[] = [];
  for (const raw of listOf(request['input'])) {
    const item = isRecord(raw) ? raw : {};
    const type = textOf(item['type']) || 'message';
    if (type === 'message') {
      const role = item['role'] === 'assistant' ? 'model' : 'user';
      // A turn may be one text and several calls: they count as one step, by the text or by the first call.
      if (role === 'user' || messages.at(-1)?.role !== 'model') messages.push({ role, text: contentText(item['content']), results: [] });
    } else if (type.endsWith('_call')) {
      tools.set(textOf(item['call_id']), textOf(item['name']) || type);
      if (messages.at(-1)?.role !== 'model') messages.push({ role: 'model', text: '', results: [] });
    } else if (type.endsWith('_call_output')) {
      const output = item['output'];
      const content = typeof output === 'string' ? output : JSON.stringify(output ?? '');
      const result = { tool: tools.get(textOf(item['call_id'])) ?? '?', content, isError: false };
      if (messages.at(-1)?.role === 'user' && messages.at(-1)?.text === '') messages.at(-1)!.results.push(result);
      else messages.push({ role: 'user', text: '', results: [result] });
    }
  }
  const asked = listOf(request['tools']).length > 0 ? place(messages) : { script: null, step: 0, results: [] };
  return { ...asked, stream: request['stream'] === true };
}

function outputItems(turn: Turn, id: string): Record<string, unknown>[] {
  const text = turn.say;
  return [
    ...(text === undefined
      ? []
      : [
          {
            type: 'message',
            id: `msg_${id}`,
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text, annotations: [] }],
          },
        ]),
    ...(turn.calls ?? []).map((call, i) => ({
      type: 'function_call',
      id: `fc_${id}_${i}`,
      call_id: `call_${id}_${i}`,
      name: call.tool,
      arguments: JSON.stringify(call.input),
      status: 'completed',
    })),
  ];
}

async function write(response: ServerResponse, turn: Turn, asked: Asked, id: string): Promise<void> {
  const items = outputItems(turn, id);
  const whole = {
    id: `resp_${id}`,
    object: 'response',
    status: 'completed',
    model: 'scripted',
    output: items,
    usage: { input_tokens: 10, input_tokens_details: null, output_tokens: 10, output_tokens_details: null, total_tokens: 20 },
  };
  if (!asked.stream) return sendJson(response, 200, whole);
  const stream = new EventStream(response, turn.paceMs);
  const event = (data: { type: string } & Record<string, unknown>) => stream.send(data, data.type);
  await event({ type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } });
  for (const [output_index, item] of items.entries()) {
    const isText = item['type'] === 'message';
    await event({
      type: 'response.output_item.added',
      output_index,
      item: { ...item, status: 'in_progress', ...(isText ? { content: [] } : {}) },
    });
    if (isText)
      for (const delta of pieces(turn.say ?? ''))
        await event({ type: 'response.output_text.delta', item_id: item['id'], output_index, content_index: 0, delta });
    await event({ type: 'response.output_item.done', output_index, item });
  }
  await event({ type: 'response.completed', response: whole });
  stream.end();
}

export const openaiResponses: Dialect = {
  name: 'OpenAI Responses',
  speaks: (path) => path.endsWith('/responses'),
  read,
  write,
  error: (status, type, message) => ({ error: { type, message, code: String(status) } }),
};
