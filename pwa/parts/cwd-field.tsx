/** The working directory: typed, with the machine's allowed roots and the places of its runs to choose from. */
import { useId } from 'preact/hooks';
import type { MachineState } from '../state.ts';

/** Places to offer: the roots, and where things have been run. */
export function placesOf(machine: MachineState): string[] {
  const used = [...machine.runs.values()].sort((a, b) => b.startedAt - a.startedAt).map((r) => r.cwd);
  return [...new Set([...used, ...[...machine.jobs.values()].map((j) => j.job.cwd), ...(machine.about?.roots ?? [])])].slice(0, 30);
}

export function CwdField({ machine, value, set }: { machine: MachineState; value: string; set(value: string): void }) {
  const id = useId();
  const places = placesOf(machine);
  return (
    <div class="field">
      <label for={id}>Directory</label>
      <input
        id={id}
        class="mono"
        list={`${id}-places`}
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        required
        value={value}
        placeholder={places[0] ?? '/home/you/project'}
        onInput={(event) => set(event.currentTarget.value)}
      />
      <datalist id={`${id}-places`}>
        {places.map((p) => (
          <option key={p} value={p} />
        ))}
      </datalist>
    </div>
  );
}
