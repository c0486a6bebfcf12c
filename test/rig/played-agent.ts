/** A real agent's question from its recording, standing in a run of a real daemon. What plays it is played-agent.mjs. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RunStore } from '../../daemon/runs/run-store.ts';
import { openState } from '../../daemon/state.ts';
import type { Listener } from '../../daemon/test-daemon.ts';
import { randomId } from '../../shared/bytes.ts';
import type { Place } from './place.ts';

const AGENTS = resolve(import.meta.dirname, '../../daemon/agents');
const PLAYER = resolve(import.meta.dirname, 'played-agent.mjs');
/** Into the question: its first picture may be followed by a second one. */
const STANDS_S = 0.4;

/**
 * Starts `agent` as its `recording` shows it, up to its `n`th question (from 1), in a terminal of the recording's size; resolves when its card is open, with
 * what ends it.
 */
export async function playAgent(
  place: Place,
  desk: Listener,
  agent: string,
  recording: string,
  name: string,
  n = 1,
): Promise<() => Promise<void>> {
  const folder = join(AGENTS, agent, 'recordings', recording);
  const { size, questions } = JSON.parse(readFileSync(join(folder, 'label.json'), 'utf8')) as {
    size: { cols: number; rows: number };
    questions: { t_first: number }[];
  };
  const bin = join(place.home, 'bin');
  const cwd = join(place.home, 'code');
  for (const dir of [bin, cwd]) mkdirSync(dir, { recursive: true });
  // The agent is known by the name of its program; what the daemon adds to its arguments is not for the player.
  const program = join(bin, agent);
  const words = [process.execPath, PLAYER, join(folder, 'session.cast'), String(questions[n - 1]!.t_first + STANDS_S)];
  writeFileSync(
    program,
    `#!/bin/sh
exec ${words.map((word) => `'${word}'`).join(' ')}
`,
  );
  chmodSync(program, 0o755);
  const { run } = await desk.client.call('runs.start', { from: 'command', requestId: randomId(), argv: [program], cwd, name });
  const store = new RunStore(openState(place.env));
  const terminal = await store.connect(store.get(run)!.run, { role: 'terminal', ...size });
  await desk.question(run);
  return async () => {
    terminal.close();
    await desk.client.call('runs.stop', { run, hard: true });
  };
}
