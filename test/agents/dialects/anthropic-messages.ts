/** Anthropic Messages: Claude Code. */
import type { ServerResponse } from 'node:http';
import { type Asked, place, type ToolResult, type Turn } from '../script.ts';
import { contentText, type Dialect, EventStream, isRecord, listOf, pieces, sendJson, textOf } from './dialect.ts';

function read(_path: string, body: unknown): Asked {
  const request = isRecord(body) ? body : {};
  const tools = new Map<string, string>();
  const messages = listOf(request['messages']).map((raw) => {
    const message = isRecord(raw) ? raw : {};
    const role: 'user' | 'model' = message['role'] === 'assistant' ? 'model' : 'user';
    const results: ToolResult[] = [];
    let text = textOf(message['content']);
    for (const part of listOf(message['content'])) {
      if (!isRecord(part)) continue;
      if (part['type'] === 'text') text += `\n${textOf(part['text'])}`;
      if (part['type'] === 'tool_use') tools.set(textOf(part['id']), textOf(part['name']));
      if (part['type'] === 'tool_result')
        results.push({
          tool: tools.get(textOf(part['tool_use_id'])) ?? '?',
          content: contentText(part['content']),
          isError: part['is_error'] === true,
        });
    }
    return { role, text, results };
  });
  // Requests without tools are the agent's own: a title, a summary, a check of the connection.
  const asked = listOf(request['tools']).length > 0 ? place(messages) : { script: null, step: 0, results: [] };
  return { ...asked, stream: request['stream'] === true };
}

async function write(response: ServerResponse, turn: Turn, asked: Asked, id: string): Promise<void> {
  const calls = turn.calls ?? [];
  const content = [
    ...(turn.say === undefined ? [] : [{ type: 'text', text: turn.say }]),
    ...calls.map((call, i) => ({ type: 'tool_use', id: `toolu_${id}_${i}`, name: call.tool, input: call.input })),
  ];
  const message = {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    content,
    stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 10 },
  };
  if (!asked.stream) return sendJson(response, 200, message);
  const stream = new EventStream(response, turn.paceMs);
  const event = (data: { type: string } & Record<string, unknown>) => stream.send(data, data.type);
  await event({ type: 'message_start', message: { ...message, content: [], stop_reason: null } });
  let index = 0;
  if (turn.say !== undefined) {
    await event({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
    for (const text of pieces(turn.say)) await event({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } });
    await event({ type: 'content_block_stop', index: index++ });
  }
  for (const [i, call] of calls.entries()) {
    await event({
      type: 'content_block_start',
      index,
      content_block: { type: 'tool_use', id: `toolu_${id}_${i}`, name: call.tool, input: {} },
    });
    await event({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json: JSON.stringify(call.input) },
    });
    await event({ type: 'content_block_stop', index: index++ });
  }
  await event({
    type: 'message_delta',
    delta: { stop_reason: message.stop_reason, stop_sequence: null },
    usage: { output_tokens: 10 },
  });
  await event({ type: 'message_stop' });
  stream.end();
}

export const anthropicMessages: Dialect = {
  name: 'Anthropic Messages',
  speaks: (path) => path === '/v1/messages',
  read,
  write,
  error: (_status, type, message) => ({ type: 'error', error: { type, message } }),
};
