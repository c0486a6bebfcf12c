/**
 * A scripted model on 127.0.0.1 for real agent CLIs: plays the turns of a script, in whichever API the agent speaks, and keeps the results of
 * tools that the agent sent back. Conversations carry their whole past, so the endpoint holds no state of its own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicMessages } from './dialects/anthropic-messages.ts';
import { type Dialect, sendJson } from './dialects/dialect.ts';
import { gemini } from './dialects/gemini.ts';
import { openaiChat } from './dialects/openai-chat.ts';
import { openaiResponses } from './dialects/openai-responses.ts';
import type { Script, ToolResult, Turn } from './script.ts';

const DIALECTS: readonly Dialect[] = [anthropicMessages, openaiResponses, openaiChat, gemini];
const CLOSING: Turn = { say: 'The script is done.' };
const SIDE: Turn = { say: 'ok' };
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export interface Request {
  atMs: number;
  path: string;
  script: string | null;
  step: number;
  results: readonly ToolResult[];
}

export class ModelEndpoint {
  readonly #server: Server;
  readonly #scripts = new Map<string, Script>();
  readonly #waiters = new Set<() => void>();
  readonly requests: Request[] = [];
  #ids = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) sendJson(response, 500, { error: { message: String(error) } });
        else response.destroy();
      });
    });
  }

  static async start(): Promise<ModelEndpoint> {
    const endpoint = new ModelEndpoint();
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  /** `http://127.0.0.1:PORT` */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Which turns the model plays when a prompt names that script. */
  play(name: string, script: Script): void {
    this.#scripts.set(name, script);
  }

  /** The newest results of tools that the agent sent within that script. */
  results(name: string): readonly ToolResult[] {
    return this.requests.filter((r) => r.script === name).at(-1)?.results ?? [];
  }

  /** Waits until `holds` is true of what has been asked so far. Throws after `timeoutMs` with `what`. */
  async until(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
    const endsAt = Date.now() + timeoutMs;
    while (!holds()) {
      const leftMs = endsAt - Date.now();
      if (leftMs <= 0) throw new Error(`the model endpoint did not see ${what} within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, leftMs);
        const waiters = this.#waiters;
        function done(): void {
          clearTimeout(timer);
          waiters.delete(done);
          resolve();
        }
        waiters.add(done);
      });
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://model').pathname;
    const body = await readBody(request);
    if (path.endsWith('/count_tokens')) return sendJson(response, 200, { input_tokens: 10 });
    if (path.endsWith('/models'))
      return sendJson(response, 200, { object: 'list', data: [{ id: 'scripted', object: 'model' }], models: [] });
    const dialect = DIALECTS.find((d) => d.speaks(path));
    if (!dialect || request.method !== 'POST')
      return sendJson(response, 404, { error: { type: 'not_found_error', message: `no ${path} here` } });
    const asked = dialect.read(path, JSON.parse(body || '{}'));
    this.requests.push({ atMs: Date.now(), path, script: asked.script, step: asked.step, results: asked.results });
    for (const waiter of [...this.#waiters]) waiter();
    const turn = asked.script === null ? SIDE : (this.#scripts.get(asked.script)?.[asked.step] ?? CLOSING);
    if (turn.thinkMs) await new Promise((resolve) => setTimeout(resolve, turn.thinkMs));
    if (turn.fail) return sendJson(response, turn.fail.status, dialect.error(turn.fail.status, turn.fail.type, turn.fail.message));
    await dialect.write(response, turn, asked, `${++this.#ids}`.padStart(8, '0'));
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error('the request body is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
