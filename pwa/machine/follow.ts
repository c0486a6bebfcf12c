/** Who follows the output of which run: chunks of a machine go to them. What a feed does with them is output-feed.ts's. */
import type { ProtocolEvent } from '../../shared/protocol.ts';
import type { OutputChunk } from '../../shared/wire.ts';
import { ask } from '../client.ts';
import { app } from '../state.ts';
import { OutputFeed, type OutputSink } from './output-feed.ts';

const feeds = new Map<OutputFeed, string>();
const of = (machine: string): OutputFeed[] => [...feeds].filter(([, its]) => its === machine).map(([feed]) => feed);

/** Follows the output of a run until `close`; comes back by itself after a cut. */
export function follow(machine: string, run: string, sink: OutputSink, from?: number): { consumed(bytes: number): void; close(): void } {
  const feed = new OutputFeed(run, (cmd, args) => ask(machine, cmd, args), sink, from);
  feeds.set(feed, machine);
  if (app.value.machines.get(machine)?.status.state === 'connected') void feed.open();
  return {
    consumed: (bytes) => feed.consumed(bytes),
    close: () => {
      feeds.delete(feed);
      feed.close();
    },
  };
}

/** Output of a machine goes to whoever follows one of its runs. */
export function deliver(machine: string, chunk: OutputChunk): void {
  for (const feed of of(machine)) feed.chunk(chunk);
}

export function deliverEvent(machine: string, event: Extract<ProtocolEvent, { event: 'gap' | 'stream.end' }>): void {
  for (const feed of of(machine)) feed.event(event);
}

/** The machine is (again) there. */
export function openFeeds(machine: string): void {
  for (const feed of of(machine)) void feed.open();
}

export const forgetFeeds = (): void => feeds.clear();
