/**
 * Reading places in the output of runs for viewers (output-streams.ts): of a live run its holder's own connection per viewer, of a finished one the
 * log on disk. Pausing costs nobody else anything: the log keeps what a viewer has not taken.
 */
import { ClawError } from '../shared/errors.ts';
import type { EventOf } from '../shared/protocol.ts';
import type { OutputSource, OutputTap, TapEvents } from './output-streams.ts';
import type { HolderClient } from './runs/holder-client.ts';
import type { Gap } from './runs/holder-protocol.ts';
import type { RunStore, StoredRun } from './runs/run-store.ts';

const CHUNK_BYTES = 64 << 10;

const WHY: Record<Gap['why'], EventOf<'gap'>['why']> = { trimmed: 'trimmed', epoch: 'epoch', write_error: 'lost', corrupt: 'lost' };

type From = { epoch?: string; offset?: number };

export function outputTaps(store: RunStore): OutputSource {
  return {
    async tap(id, from, events) {
      const stored = store.get(id);
      if (stored === null) throw new ClawError('session_gone', 'There is no such run on this machine.');
      if (stored.exit !== null) return tapStored(store, stored, from, events);
      try {
        return await tapLive(await store.connect(stored.run, { role: 'viewer' }), stored, from, events);
      } catch (error) {
        // It may have ended in this very moment: then its log is complete.
        const now = store.get(id);
        if (now?.exit != null) return tapStored(store, now, from, events);
        throw error;
      }
    },
  };
}

/** Where reading starts; throws `bad_offset` past the end. */
function place(
  log: { epoch: string; start: number; end: number },
  from: From,
): { epoch: string; start: number; end: number; from: number; otherLog: boolean } {
  const otherLog = from.epoch !== undefined && from.epoch !== log.epoch;
  const offset = from.offset ?? log.start;
  if (!otherLog && offset > log.end)
    throw new ClawError('bad_offset', `bad_offset: the output has offsets 0 to ${log.end}.`, { data: { end: log.end } });
  return { ...log, from: otherLog ? log.start : Math.max(offset, log.start), otherLog };
}

async function tapLive(client: HolderClient, stored: StoredRun, from: From, events: TapEvents): Promise<OutputTap> {
  const { start, end } = client.status.log;
  const at = place({ epoch: stored.run.epoch, start, end }, from);
  client.on('output', (bytes, offset) => events.data(offset, bytes));
  client.on('gap', (gap) => events.gap(gap.from, gap.to, WHY[gap.why]));
  client.on('exit', (exit) => events.end(exit.endOffset));
  client.on('lost', () => events.lost());
  try {
    await client.subscribe(from.offset ?? start, from.epoch);
  } catch (error) {
    client.close();
    throw error;
  }
  client.pause();
  return { ...at, pause: () => client.pause(), resume: () => client.resume(), close: () => client.close() };
}

function tapStored(store: RunStore, stored: StoredRun, from: From, events: TapEvents): OutputTap {
  const log = store.log(stored);
  const at = place({ epoch: stored.run.epoch, start: log.start, end: log.end }, from);
  let next = from.offset !== undefined && !at.otherLog ? from.offset : at.from;
  let flowing = false;
  let pumping = false;
  let closed = false;
  if (at.otherLog) events.gap(0, at.from, 'epoch');
  const pump = (): void => {
    if (pumping) return;
    pumping = true;
    while (flowing && !closed) {
      const read = log.read(next, CHUNK_BYTES);
      if (read === null) {
        closed = true;
        events.end(log.end);
      } else if ('gap' in read) {
        next = read.gap.to;
        events.gap(read.gap.from, read.gap.to, WHY[read.gap.why]);
      } else {
        next = read.offset + read.bytes.length;
        events.data(read.offset, read.bytes);
      }
    }
    pumping = false;
  };
  return {
    ...at,
    pause: () => {
      flowing = false;
    },
    resume: () => {
      if (flowing || closed) return;
      flowing = true;
      pump();
    },
    close: () => {
      closed = true;
    },
  };
}
