/**
 * Runs a recorded asciicast v2 through the same screen, reader and detector as the daemon, with the recording's own clock and size, as fast
 * as the machine allows. Owns the file format and the virtual clock; printing is the command's.
 */
import { readFile } from 'node:fs/promises';
import { ClawError } from '../shared/errors.ts';
import type { ParsedQuestion } from '../shared/question.ts';
import type { Agent, AgentState } from './agents/agent.ts';
import type { Registry } from './agents/registry.ts';
import type { DetectorEvent } from './questions/detector.ts';
import { type Clock, Watcher } from './questions/watcher.ts';
import { onlyMoves } from './runs/terminal-input.ts';

export type ReplayEvent =
  | ({ t: number; event: 'question'; qid: string; rev: number } & ParsedQuestion)
  | { t: number; event: 'closed'; qid: string; reason: string }
  | { t: number; event: 'state'; state: AgentState | null };

interface Recording {
  cols: number;
  rows: number;
  argv: string[];
  events: { atMs: number; type: string; data: string }[];
}

/** A clock that moves only when told; callbacks run in the order of their times. */
export class VirtualClock implements Clock {
  #now = 0;
  #timers: { atMs: number; order: number; callback: () => void }[] = [];
  #order = 0;

  nowMs(): number {
    return this.#now;
  }

  at(atMs: number, callback: () => void): () => void {
    const timer = { atMs, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs everything due up to `atMs`, then stands at `atMs`. With no argument: until nothing is left. */
  advance(atMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= atMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.atMs);
      next.callback();
    }
    if (Number.isFinite(atMs)) this.#now = Math.max(this.#now, atMs);
  }
}

/** Parses asciicast v2 text; `name` is for the error. A torn last line is tolerated: recordings are often cut off. */
export function parseCast(text: string, name: string): Recording {
  const [first, ...rest] = text.split('\n').filter((line) => line.trim() !== '');
  const header = parseJson(first);
  if (!isRecord(header) || header.version !== 2 || !isSize(header.width) || !isSize(header.height)) {
    throw new ClawError('bad_recording', `${name} is not an asciicast v2 recording.`, {
      hint: 'Record one with `clawtab run --record FILE`.',
    });
  }
  const words = typeof header.command === 'string' ? header.command : typeof header.title === 'string' ? header.title : '';
  const events: Recording['events'] = [];
  rest.forEach((line, index) => {
    const event = parseJson(line);
    if (Array.isArray(event) && typeof event[0] === 'number' && typeof event[1] === 'string' && typeof event[2] === 'string') {
      events.push({ atMs: event[0] * 1000, type: event[1], data: event[2] });
    } else if (index !== rest.length - 1) {
      throw new ClawError('bad_recording', `${name}: line ${index + 2} is not an asciicast event.`);
    }
  });
  return { cols: header.width, rows: header.height, argv: words.split(/\s+/).filter((word) => word !== ''), events };
}

/** Replays one recording with `agent`, or with the one its own command names. */
export async function replay(recording: Recording, agents: Registry, agent?: Agent): Promise<ReplayEvent[]> {
  const out: ReplayEvent[] = [];
  const clock = new VirtualClock();
  const watcher = new Watcher({
    agent: agent ?? agents.forArgv(recording.argv),
    argv: recording.argv,
    cols: recording.cols,
    rows: recording.rows,
    scrollback: 1,
    clock,
    inputKnown: recording.events.some((event) => event.type === 'i'),
    onEvent: (event) => out.push(printable(event)),
  });
  for (let i = 0; i < recording.events.length; i++) {
    const event = recording.events[i]!;
    clock.advance(event.atMs);
    if (event.type === 'o') {
      // Chunks of one instant are parsed together: a write costs a turn of the event loop.
      let data = event.data;
      while (recording.events[i + 1]?.type === 'o' && recording.events[i + 1]!.atMs === event.atMs) data += recording.events[++i]!.data;
      await watcher.feed(data);
    } else if (event.type === 'i') {
      watcher.input(onlyMoves(event.data));
    } else if (event.type === 'r') {
      const size = /^(\d+)x(\d+)$/.exec(event.data);
      // Some recorders use `r` for the terminal's own replies; those change nothing here.
      if (size !== null) watcher.resize(Number(size[1]), Number(size[2]));
    }
  }
  clock.advance();
  watcher.end();
  watcher.dispose();
  return out;
}

/** Reads and replays one file; throws `bad_recording` or `not_found`. */
export async function replayFile(path: string, agents: Registry, agent?: Agent): Promise<ReplayEvent[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ClawError('not_found', `Cannot read ${path}.`, { cause: error });
  }
  return replay(parseCast(text, path), agents, agent);
}

function printable(event: DetectorEvent): ReplayEvent {
  const t = Math.round(event.atMs) / 1000;
  switch (event.event) {
    case 'question':
      return { t, event: 'question', qid: event.standing.qid, rev: event.standing.rev, ...event.standing.question };
    case 'closed':
      return { t, event: 'closed', qid: event.qid, reason: event.reason };
    case 'state':
      return { t, event: 'state', state: event.state };
  }
}

function parseJson(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '');
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 1000;
}
