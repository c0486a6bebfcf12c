/** When a job starts by itself, in words or as cron, with the next times as a preview. */
import { useEffect, useState } from 'preact/hooks';
import type { JobFields } from '../text/job-fields.ts';
import { Text } from './text.tsx';

const PRESETS: readonly { label: string; cron: string }[] = [
  { label: 'Never by itself', cron: '' },
  { label: 'Every hour', cron: '0 * * * *' },
  { label: 'Every night at 3', cron: '0 3 * * *' },
  { label: 'Weekdays at 9', cron: '0 9 * * 1-5' },
  { label: 'Mondays at 8', cron: '0 8 * * 1' },
];

export function ScheduleFields({ f, set }: { f: JobFields; set(change: Partial<JobFields>): void }) {
  const preset = PRESETS.some((p) => p.cron === f.cron) ? f.cron : 'own';
  return (
    <fieldset class="panel">
      <label class="field">
        <span class="label">When</span>
        <select
          value={preset}
          onChange={(event) => set({ cron: event.currentTarget.value === 'own' ? '*/30 * * * *' : event.currentTarget.value })}
        >
          {PRESETS.map((p) => (
            <option key={p.cron} value={p.cron}>
              {p.label}
            </option>
          ))}
          <option value="own">Own times (cron)</option>
        </select>
      </label>
      {f.cron !== '' && (
        <>
          <div class="pair">
            <label class="field">
              <span class="label">Cron</span>
              <input class="mono" value={f.cron} spellcheck={false} onInput={(event) => set({ cron: event.currentTarget.value })} />
            </label>
            <label class="field">
              <span class="label">Time zone</span>
              <input value={f.timeZone} placeholder="the machine’s own" onInput={(event) => set({ timeZone: event.currentTarget.value })} />
            </label>
          </div>
          <Preview cron={f.cron} timeZone={f.timeZone} />
          <div class="pair">
            <label class="field">
              <span class="label">If the last one still runs</span>
              <select value={f.overlap} onChange={(event) => set({ overlap: event.currentTarget.value as JobFields['overlap'] })}>
                <option value="skip">Leave this one out</option>
                <option value="queue">Wait for it</option>
                <option value="replace">Stop it first</option>
              </select>
            </label>
            <label class="field">
              <span class="label">If the machine was asleep</span>
              <select value={f.catchUp} onChange={(event) => set({ catchUp: event.currentTarget.value as JobFields['catchUp'] })}>
                <option value="skip">Leave it out</option>
                <option value="once">Run once when it wakes</option>
              </select>
            </label>
          </div>
          <label class="line check">
            <input type="checkbox" checked={f.paused} onChange={(event) => set({ paused: event.currentTarget.checked })} />
            <span>Paused</span>
          </label>
        </>
      )}
    </fieldset>
  );
}

/** The next times as the machine will see them; the same library as there. */
function Preview({ cron, timeZone }: { cron: string; timeZone: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    let current = true;
    void import('croner').then(({ Cron }) => {
      if (!current) return;
      try {
        const next = new Cron(cron, { paused: true, ...(timeZone.trim() ? { timezone: timeZone.trim() } : {}) }).nextRuns(3);
        setSaid(
          next.length === 0
            ? 'Never.'
            : `Next: ${next.map((d) => d.toLocaleString([], { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })).join(', ')}${timeZone.trim() ? ' (your time)' : ', if the machine’s time zone is yours'}.`,
        );
      } catch (error) {
        setSaid(error instanceof Error ? error.message : 'This is no cron expression.');
      }
    });
    return () => {
      current = false;
    };
  }, [cron, timeZone]);
  return (
    <p class="hint" aria-live="polite">
      <Text value={said} />
    </p>
  );
}
