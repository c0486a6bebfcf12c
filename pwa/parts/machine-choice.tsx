/** Which machine, where there is more than one. */
import { app, type MachineState } from '../state.ts';
import { visibleText } from '../text/visible.ts';
import { machineWords } from './connection.tsx';

/** The machine of that id, else the first that is connected, else the first. */
export function machineOr(id: string | null): MachineState | undefined {
  const all = [...app.value.machines.values()];
  return all.find((m) => m.id === id) ?? all.find((m) => m.status.state === 'connected') ?? all[0];
}

export function MachineChoice({ machine, set }: { machine: MachineState; set(id: string): void }) {
  const all = [...app.value.machines.values()];
  if (all.length < 2) return null;
  return (
    <label class="field">
      <span class="label">Machine</span>
      <select value={machine.id} onChange={(event) => set(event.currentTarget.value)}>
        {all.map((m) => (
          <option key={m.id} value={m.id}>
            {visibleText(m.about?.name ?? 'A machine')} ({machineWords(m, app.value.link).text})
          </option>
        ))}
      </select>
    </label>
  );
}
