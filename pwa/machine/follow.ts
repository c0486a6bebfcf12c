/** Following the output of a run: loaded with the first screen that shows one. */
import { ask, feeds } from '../client.ts';
import { app } from '../state.ts';
import { OutputFeed, type OutputSink } from './output-feed.ts';

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
