/**
 * The words between a pty holder and its clients (daemon, `clawtab run`, `clawtab attach`) on the run's unix socket: frames, versions and
 * the JSON shapes. A holder outlives the daemon that started it, so a holder must talk with the clients of the next version: add, do not
 * change; bump `PROTOCOL.newest` with a dated line here, and keep `oldest` at least one below it.
 *
 *   1  2026-11-24  first version
 *   2  2026-11-28  keys that only move: INPUT_FLAG.moves, `moves` in TELL.localInput; an input may name the output that its sender has seen
 *
 * Frame: `length u32 BE (of what follows) · type u8 · payload`. Rare frames carry JSON; OUTPUT and INPUT are binary.
 */

export const PROTOCOL = { oldest: 1, newest: 2 } as const;

/** The largest frame either side accepts, bytes. A larger one ends the connection. */
export const MAX_FRAME_BYTES = 1 << 20;

/** Client → holder. */
export const ASK = { hello: 1, held: 2, subscribe: 3, input: 4, resize: 5, signal: 6, stop: 7, status: 8, repaint: 9 } as const;
/** Holder → client. */
export const TELL = {
  challenge: 65,
  welcome: 66,
  output: 67,
  gap: 68,
  reply: 69,
  resized: 70,
  localInput: 71,
  exit: 72,
  failed: 73,
  terminals: 74,
} as const;

/** `daemon` and `terminal` may type; a `viewer` only reads. */
export type Role = 'daemon' | 'terminal' | 'viewer';

export interface Hello {
  oldest: number;
  newest: number;
  role: Role;
  /** The client's process; a holder checks that it is not one of the agent's own (see caller.ts). */
  pid: number;
  cols?: number;
  rows?: number;
}

/** run.json: what a run is; written once, at start, by its holder. */
export interface RunRecord {
  v: 1;
  id: string;
  /** What a person calls it; the command's own name where none was given. */
  name: string;
  argv: string[];
  cwd: string;
  /** Agent folder name, or null where none was recognised or named. */
  agent: string | null;
  /** The saved job that it is a run of. */
  job: string | null;
  /** Who started it: `desk`, `schedule:<job>`, `device:<id>`. */
  who: string;
  /** The agent's process, also its session and process group id. */
  pid: number;
  holderPid: number;
  /** The run inside which this one was started (`CLAWTAB_RUN` of the caller). */
  parent: string | null;
  startedMs: number;
  /** Size at start. */
  cols: number;
  rows: number;
  /** Started from a terminal at the desk. */
  localTerminal: boolean;
  socket: string;
  /** Random per log, hex; an offset means something only together with it. */
  epoch: string;
  /** Free for whoever started it (the daemon's job parameters); strings only. */
  labels: Record<string, string>;
}

/** exit.json: how a run ended. */
export interface ExitRecord {
  v: 1;
  /** Exit status, or null where a signal ended it or nobody saw the end. */
  code: number | null;
  /** Name of the signal that ended it ("SIGKILL"), or null. */
  signal: string | null;
  /** `exited`: seen by the holder. `lost`: the holder itself died; found by the run store. */
  how: 'exited' | 'lost';
  /** One past the last byte of output. */
  endOffset: number;
  endedMs: number;
  /** Someone asked for the stop ("device:…"), null where it ended by itself. */
  stoppedBy: string | null;
}

export interface LogState {
  epoch: string;
  /** First offset that can still be read. */
  start: number;
  /** One past the last byte. */
  end: number;
  /** Why bytes are not being written now, null where all is well ("ENOSPC"). */
  trouble: string | null;
  /** Bytes that could not be written in this run's life. */
  lostBytes: number;
}

export interface HolderStatus {
  version: number;
  run: RunRecord;
  log: LogState;
  cols: number;
  rows: number;
  /** Attached terminals at the desk. */
  terminals: number;
  /** Grows with each thing a local terminal types; use it as `guard` of an input. */
  localInputs: number;
  lastLocalInputMs: number | null;
  lastOutputMs: number | null;
  /** Bytes of input the agent has not taken yet. */
  inputQueuedBytes: number;
  exit: ExitRecord | null;
}

export interface Gap {
  from: number;
  to: number;
  /** `trimmed`: the ring moved on. `write_error`: the disk refused it. `corrupt`: the file is damaged. `epoch`: another log. */
  why: 'trimmed' | 'write_error' | 'corrupt' | 'epoch';
}

export interface Resized {
  /** The screen has this size from this output offset on. */
  offset: number;
  cols: number;
  rows: number;
}

/** Answer to one asked id: `ok`, or the stable code of shared/errors.ts and a sentence. */
export interface Reply {
  id: number;
  ok: boolean;
  code?: string;
  message?: string;
  /** input: bytes that reached the pty (also when not all did). */
  written?: number;
  status?: HolderStatus;
  /** resize: what it was clamped to. */
  cols?: number;
  rows?: number;
}

/** INPUT payload: `id u32 · flags u8 · guard u32 · bytes`; with the flag `seen` (version 2) `seen u64` before the bytes. */
export const INPUT_FLAG = {
  /** A person typed it at the desk (a terminal's own replies are not typing). */
  typed: 1,
  /** A terminal's answer to a query; only the terminal in front may give one. */
  reply: 2,
  /** Refuse with `local_input` if `localInputs` is no longer `guard`. */
  guarded: 4,
  /** Beside `typed`: arrow keys and nothing else. */
  moves: 8,
  /** Refuse with `output_moved` if the agent has written anything beyond offset `seen`. */
  seen: 16,
} as const;
export const INPUT_HEADER_BYTES = 9;

/** Longest time an input of the daemon waits for the agent to take it, ms (R: BAD-102). */
export const INPUT_TIMEOUT_MS = 5000;

export function frame(type: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(5 + payload.byteLength);
  out.writeUInt32BE(1 + payload.byteLength, 0);
  out[4] = type;
  out.set(payload, 5);
  return out;
}

export function jsonFrame(type: number, value: object): Buffer {
  return frame(type, Buffer.from(JSON.stringify(value)));
}

export function outputFrame(offset: number, bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(13 + bytes.byteLength);
  out.writeUInt32BE(9 + bytes.byteLength, 0);
  out[4] = TELL.output;
  writeOffset(out, offset, 5);
  out.set(bytes, 13);
  return out;
}

export interface Input {
  id: number;
  flags: number;
  guard: number;
  /** Offset; there where the flag `seen` is set. */
  seen: number | null;
  bytes: Buffer;
}

export function inputFrame({ id, flags, guard, seen, bytes }: Omit<Input, 'bytes'> & { bytes: Uint8Array }): Buffer {
  const header = Buffer.alloc(INPUT_HEADER_BYTES + (seen === null ? 0 : 8));
  header.writeUInt32BE(id, 0);
  header[4] = flags;
  header.writeUInt32BE(guard, 5);
  if (seen !== null) writeOffset(header, seen, INPUT_HEADER_BYTES);
  return frame(ASK.input, Buffer.concat([header, bytes]));
}

/** @throws RangeError where the frame is too short */
export function readInput(payload: Buffer, version: number): Input {
  const flags = payload[4] ?? 0;
  const named = version >= 2 && (flags & INPUT_FLAG.seen) !== 0;
  const from = INPUT_HEADER_BYTES + (named ? 8 : 0);
  if (payload.length < from) throw new RangeError('short input frame');
  const seen = named ? readOffset(payload, INPUT_HEADER_BYTES) : null;
  return { id: payload.readUInt32BE(0), flags, guard: payload.readUInt32BE(5), seen, bytes: Buffer.from(payload.subarray(from)) };
}

/** A byte offset as u64 BE; JavaScript's integers reach 2^53, nine petabytes. */
export function writeOffset(into: Buffer, offset: number, at: number): void {
  into.writeUInt32BE(Math.floor(offset / 2 ** 32), at);
  into.writeUInt32BE(offset % 2 ** 32, at + 4);
}

export function readOffset(from: Buffer, at: number): number {
  return from.readUInt32BE(at) * 2 ** 32 + from.readUInt32BE(at + 4);
}

/** Cuts a byte stream into frames. `push` throws a RangeError on a frame that is empty or too large: end the connection. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Calls `each` with type and payload of every whole frame; a payload is valid only during the call where it must not be kept. */
  push(chunk: Buffer, each: (type: number, payload: Buffer) => void): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= 4) {
      const length = data.readUInt32BE(0);
      if (length < 1 || length > MAX_FRAME_BYTES) throw new RangeError(`frame of ${length} bytes`);
      if (data.length < 4 + length) break;
      each(data[4]!, data.subarray(5, 4 + length));
      data = data.subarray(4 + length);
    }
    this.#rest = data.length === 0 ? data : Buffer.from(data);
  }
}
