/** Runs that ended while no daemon was there, on real folders. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Run } from '../shared/protocol.ts';
import { loadAgents } from './agents/registry.ts';
import { LiveRuns, type LiveRunsOptions } from './live-runs.ts';
import { newRunId } from './runs/run-id.ts';
import { RunStore } from './runs/run-store.ts';
import { openState } from './state.ts';
import { makePlace, type Place } from './test-daemon.ts';

let place: Place;
let store: RunStore;
let told: Run[];
beforeEach(() => {
  place = makePlace();
  store = new RunStore(openState(place.env));
  told = [];
});
afterEach(() => place.remove());

/** The folder of a run that was started by a schedule; no end where `endedMs` is null. */
function stored(startedMs: number, endedMs: number | null): string {
  const id = newRunId(startedMs);
  const dir = store.dir(id);
  fs.mkdirSync(dir, { mode: 0o700 });
  const write = (file: string, value: object): void => fs.writeFileSync(path.join(dir, file), JSON.stringify(value), { mode: 0o600 });
  const socket = path.join(store.state.sockets, `${id}.sock`);
  write('run.json', {
    v: 1,
    id,
    pid: 1,
    name: 'nightly',
    argv: ['true'],
    agent: null,
    job: 'nightly',
    who: 'schedule:nightly',
    startedMs,
    socket,
    epoch: '',
  });
  if (endedMs !== null) write('exit.json', { v: 1, code: 3, signal: null, how: 'exited', endOffset: 0, endedMs, stoppedBy: null });
  return id;
}

async function daemonStarts(): Promise<void> {
  const agents = await loadAgents();
  const options = {
    store,
    agents,
    resumeAt: () => undefined,
    onEnd: (run: Run) => told.push(run),
    onChange: () => undefined,
    onTrouble: () => undefined,
  };
  // What starts and answers is not asked for here.
  await new LiveRuns(options as unknown as LiveRunsOptions).adopt();
}

it('are told once by the next daemon, also those whose holder has gone; what ended days ago is news to nobody', async () => {
  const now = Date.now();
  const failed = stored(now - 7200_000, now - 3600_000);
  const gone = stored(now - 1800_000, null);
  stored(now - 4 * 86_400_000, now - 3 * 86_400_000);
  await daemonStarts();
  expect(told.map(({ run, exit }) => [run, exit])).toEqual([
    [failed, { code: 3, signal: null }],
    [gone, { code: null, signal: null, reason: 'lost' }],
  ]);
  await daemonStarts();
  expect(told).toHaveLength(2);
});
