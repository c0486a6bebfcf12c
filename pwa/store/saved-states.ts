/** Keeps the last known state of each machine for a start without network: questions, runs and jobs, never output. Written at most every few seconds. */
import { effect } from '@preact/signals';
import { app, type MachineState } from '../state.ts';
import { machineStore } from './database.ts';

const EVERY_MS = 3_000;
/** Kept on this device at most, per machine. */
const MAX_RUNS = 50;
let stop: (() => void) | null = null;

export function saveStates(): void {
  stop?.();
  const saved = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const dispose = effect(() => {
    const { machines, phase } = app.value;
    const dirty = [...machines.values()].some((m) => m.asOfMs !== null && m.asOfMs !== saved.get(m.id));
    if (phase !== 'signed_in' || !dirty || timer) return;
    timer = setTimeout(() => {
      timer = null;
      for (const machine of app.value.machines.values()) {
        if (machine.asOfMs === null || machine.asOfMs === saved.get(machine.id)) continue;
        saved.set(machine.id, machine.asOfMs);
        // A full disk costs the offline view, nothing else.
        void save(machine).catch(() => undefined);
      }
    }, EVERY_MS);
  });
  stop = () => {
    dispose();
    if (timer) clearTimeout(timer);
  };
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
