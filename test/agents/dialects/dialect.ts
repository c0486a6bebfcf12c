/** How one model API is spoken: what its requests say, and how a turn is streamed back. */
import type { ServerResponse } from 'node:http';
import type { Asked, Turn } from '../script.ts';

export interface Dialect {
  name: string;
  /** Does this dialect speak at that path? */
  speaks(path: string): boolean;
  read(path: string, body: unknown): Asked;
  /** Sends the turn, streamed or whole as asked. */
  write(response: ServerResponse, turn: Turn, asked: Asked, id: string): Promise<void>;
  /** The error body of this API. */
  error(status: number, type: string, message: string): unknown;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Text of a content field that is a string or a list of parts with `text`. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((part) => (isRecord(part) ? textOf(part['text']) || contentText(part['content']) : textOf(part)))
    .join('\n');
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Server-sent events, with the pace of a model that thinks where the turn asks for one. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #paceMs: number;

  constructor(response: ServerResponse, paceMs = 0) {
    this.#response = response;
    this.#paceMs = paceMs;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  }

  async send(data: unknown, event?: string): Promise<void> {
    this.#response.write(`${event ? `event: ${event}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    if (this.#paceMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#paceMs));
  }

  end(): void {
    this.#response.end();
  }
}

/** A sentence in pieces, as models stream it. */
export const pieces = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];
