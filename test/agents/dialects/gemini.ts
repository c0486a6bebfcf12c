/** Gemini generateContent: Gemini CLI. */
import type { ServerResponse } from 'node:http';
import { type Asked, place, type ToolResult, type Turn } from '../script.ts';
import { type Dialect, EventStream, isRecord, listOf, pieces, sendJson, textOf } from './dialect.ts';

function read(path: string, body: unknown): Asked {
  const request = isRecord(body) ? body : {};
  const messages = listOf(request['contents']).map((raw) => {
    const content = isRecord(raw) ? raw : {};
    const role: 'user' | 'model' = content['role'] === 'model' ? 'model' : 'user';
    const results: ToolResult[] = [];
    let text = '';
    for (const part of listOf(content['parts'])) {
      if (!isRecord(part)) continue;
      text += textOf(part['text']);
      const reply = part['functionResponse'];
      if (isRecord(reply)) results.push({ tool: textOf(reply['name']), content: JSON.stringify(reply['response'] ?? ''), isError: false });
    }
    return { role, text, results };
  });
  const asked = listOf(request['tools']).length > 0 ? place(messages) : { script: null, step: 0, results: [] };
  return { ...asked, stream: path.includes(':streamGenerateContent') };
}

async function write(response: ServerResponse, turn: Turn, asked: Asked, id: string): Promise<void> {
  const calls = (turn.calls ?? []).map((call, i) => ({ functionCall: { id: `call_${id}_${i}`, name: call.tool, args: call.input } }));
  const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 10, totalTokenCount: 20 };
  const reply = (parts: unknown[], last: boolean) => ({
    candidates: [{ index: 0, content: { role: 'model', parts }, ...(last ? { finishReason: 'STOP' } : {}) }],
    modelVersion: 'scripted',
    responseId: id,
    ...(last ? { usageMetadata } : {}),
  });
  const texts = pieces(turn.say ?? '');
  if (!asked.stream) return sendJson(response, 200, reply([...(turn.say === undefined ? [] : [{ text: turn.say }]), ...calls], true));
  const stream = new EventStream(response, turn.paceMs);
  for (const text of texts) await stream.send(reply([{ text }], false));
  await stream.send(reply(calls.length > 0 ? calls : [{ text: '' }], true));
  stream.end();
}

export const gemini: Dialect = {
  name: 'Gemini generateContent',
  speaks: (path) => /:(?:stream)?[gG]enerateContent$/.test(path),
  read,
  write,
  error: (status, type, message) => ({ error: { code: status, status: type, message } }),
};
