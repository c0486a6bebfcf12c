/**
 * Keeps the last known state of each machine for a start without network: questions, runs and jobs, never output. A change of the questions is
 * written at once, since it is what somebody comes back for; the rest every few seconds.
 */
import { effect } from '@preact/signals';
import { app, type MachineState } from '../state.ts';
import { machineStore } from './database.ts';

const SOON_MS = 100;
const EVERY_MS = 3_000;
/** Kept on this device at most, per machine. */
const MAX_RUNS = 50;
let stop: (() => void) | null = null;

export function saveStates(): void {
  stop?.();
  const saved = new Map<string, MachineState>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let dueMs = 0;
  const write = (): void => {
    timer = null;
    for (const machine of app.value.machines.values()) {
      if (machine.asOfMs === null || machine.asOfMs === saved.get(machine.id)?.asOfMs) continue;
      saved.set(machine.id, machine);
      // A full disk costs the offline view, nothing else.
      void save(machine).catch(() => undefined);
    }
  };
  const dispose = effect(() => {
    const { machines, phase } = app.value;
    if (phase !== 'signed_in') return;
    let waitMs = Number.POSITIVE_INFINITY;
    for (const machine of machines.values()) {
      const before = saved.get(machine.id);
      if (machine.asOfMs === null || machine.asOfMs === before?.asOfMs) continue;
      waitMs = Math.min(waitMs, machine.questions === before?.questions ? EVERY_MS : SOON_MS);
    }
    if (waitMs === Number.POSITIVE_INFINITY) return;
    const atMs = Date.now() + waitMs;
    if (timer && dueMs <= atMs) return;
    if (timer) clearTimeout(timer);
    dueMs = atMs;
    timer = setTimeout(write, waitMs);
  });
  stop = () => {
    dispose();
    if (timer) clearTimeout(timer);
  };
}

/** Before the store is wiped: nothing writes into it afterwards. */
export function stopSaving(): void {
  stop?.();
  stop = null;
}

async function save(machine: MachineState): Promise<void> {
  if (!machine.about || machine.asOfMs === null || app.value.phase !== 'signed_in') return;
  const runs = [...machine.runs.values()].sort((a, b) => b.lastActivityAt - a.lastActivityAt).slice(0, MAX_RUNS);
  await machineStore.put({
    id: machine.id,
    savedAtMs: machine.asOfMs,
    snapshot: {
      machine: machine.about,
      jobs: [...machine.jobs.values()],
      runs,
      questions: [...machine.questions.values()].filter((q) => q.state.state === 'open'),
      seq: 0,
      nowMs: machine.asOfMs + machine.skewMs,
    },
  });
}
