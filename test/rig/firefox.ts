/** A real Firefox with a profile of its own, driven over WebDriver BiDi, which it speaks by itself: no driver binary, no patched build. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const NAMES = ['/usr/bin/firefox', '/usr/bin/firefox-esr', '/snap/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'];
/** Null where there is none on this machine. */
export const firefoxPath = (): string | null => process.env['CLAWTAB_FIREFOX'] ?? NAMES.find((path) => existsSync(path)) ?? null;

const START_MS = 60_000;
const CALL_MS = 30_000;

type Pref = string | number | boolean;
interface Evaluated {
  type: 'success' | 'exception';
  result?: { type: string; value?: unknown };
  exceptionDetails?: { text: string };
}

export class Firefox {
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, (reply: { type: string; result?: unknown; error?: string; message?: string }) => void>();
  #next = 0;
  #context = '';

  private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
    this.#child = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.on('message', (data) => {
      const reply = JSON.parse(String(data));
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  static async launch(path: string, prefs: Readonly<Record<string, Pref>>): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'clawtab-firefox-'));
    const lines = Object.entries(prefs).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const child = spawn(path, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
      env: { PATH: process.env['PATH'], HOME: profile, LANG: 'C.UTF-8', MOZ_CRASHREPORTER_DISABLE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await new Promise<string>((found, failed) => {
      const timer = setTimeout(() => failed(new Error('Firefox said no address')), START_MS);
      createInterface({ input: child.stderr! }).on('line', (line) => {
        const match = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(line);
        if (!match) return;
        clearTimeout(timer);
        found(match[1]!);
      });
      child.once('exit', (code) => failed(new Error(`Firefox ended with ${code}`)));
    });
    const socket = new WebSocket(`${address}/session`, { perMessageDeflate: false });
    await once(socket, 'open');
    const firefox = new Firefox(child, socket, profile);
    await firefox.call('session.new', { capabilities: {} });
    const { contexts } = (await firefox.call('browsingContext.getTree', {})) as { contexts: { context: string }[] };
    firefox.#context = contexts[0]!.context;
    return firefox;
  }

  call(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#next;
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`Firefox does not answer ${method}`)), CALL_MS);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        if (reply.type === 'success') done(reply.result);
        else failed(new Error(`${method}: ${reply.error}: ${reply.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async goto(url: string): Promise<void> {
    const go = (): Promise<unknown> => this.call('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
    // A worker that takes over at this very moment has the browser begin again.
    await go().catch((error: unknown) => (String(error).includes('NS_BINDING_ABORTED') ? go() : Promise.reject(error)));
  }

  /** Runs an expression in the page, as if a finger had just touched it; its value must survive JSON. */
  async run<T>(expression: string): Promise<T> {
    const { type, result, exceptionDetails } = (await this.call('script.evaluate', {
      expression: `(async () => JSON.stringify(await (${expression})) ?? 'null')()`,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    })) as Evaluated;
    if (type === 'exception') throw new Error(`in the page: ${exceptionDetails?.text}`);
    return JSON.parse(String(result?.value)) as T;
  }

  /** Waits until the expression holds; the page's text is the failure. */
  async until(expression: string, patienceMs = CALL_MS): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!(await this.run<boolean>(`!!(${expression})`))) {
      if (Date.now() > end) throw new Error(`never: ${expression}\n${await this.run<string>('document.body?.innerText ?? ""')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Presses the button with that name as soon as it can be pressed. */
  async press(name: string): Promise<void> {
    const button = `[...document.querySelectorAll('button')].find((b) => (b.getAttribute('aria-label') ?? b.textContent).trim() === ${JSON.stringify(name)} && !b.disabled && b.ariaDisabled !== 'true')`;
    await this.until(button);
    await this.run(`void ${button}.click()`);
  }

  /** Types into the field with that label. */
  async fill(selector: string, text: string): Promise<void> {
    const field = `document.querySelector(${JSON.stringify(selector)})`;
    await this.until(field);
    await this.run(
      `((f) => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(f, ${JSON.stringify(text)}); f.dispatchEvent(new Event('input', { bubbles: true })); })(${field})`,
    );
  }

  async close(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : Promise.resolve();
    await this.call('browser.close', {}).catch(() => this.#child.kill('SIGKILL'));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
    this.#socket.terminate();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
