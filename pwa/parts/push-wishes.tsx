/** What this device wants to hear and when: kinds, reminders, quiet hours. Each change holds at once; push.ts keeps it and tells the machines. */
import { useEffect, useState } from 'preact/hooks';
import { DEFAULT_WISHES, type PushWishes } from '../../shared/push-wishes.ts';
import { pushWishes, setPushWishes } from '../push.ts';

const NIGHT = { fromMin: 22 * 60, toMin: 7 * 60 };
const after = (min: number): string => (min < 60 ? `${min} minutes` : min === 60 ? '1 hour' : `${min / 60} hours`);
const clock = (min: number): string => `${String(Math.floor(min / 60)).padStart(2, '0')}:${String(min % 60).padStart(2, '0')}`;
const minuteOf = (text: string): number | null => {
  const [, hours, minutes] = /^(\d\d):(\d\d)/.exec(text) ?? [];
  return hours === undefined ? null : Number(hours) * 60 + Number(minutes);
};

export function PushWishesFields() {
  const [wishes, setWishes] = useState<PushWishes>(DEFAULT_WISHES);
  useEffect(() => {
    void pushWishes().then(setWishes);
  }, []);
  const set = (change: Partial<PushWishes>): void => {
    const next = { ...wishes, ...change };
    setWishes(next);
    void setPushWishes(next);
  };
  const { questions, quiet } = wishes;
  return (
    <>
      <label class="field">
        <span class="label">Questions</span>
        <select
          value={questions}
          onChange={(event) => {
            const next = event.currentTarget.value as PushWishes['questions'];
            set({ questions: next, ...(next === 'late' && wishes.escalateMin === 0 ? { escalateMin: 10 } : {}) });
          }}
        >
          <option value="now">At once</option>
          <option value="late">Only what nobody answers</option>
          <option value="never">Never</option>
        </select>
      </label>
      {questions !== 'never' && (
        <div class="pair">
          <MinutesChoice
            label="Remind me"
            none="Never"
            before="Every "
            value={wishes.remindMin}
            choices={[5, 15, 30, 60]}
            onChange={(remindMin) => set({ remindMin })}
          />
          {questions === 'late' && (
            <MinutesChoice
              label="When nobody has answered for"
              none={null}
              before=""
              value={wishes.escalateMin}
              choices={[5, 10, 20, 30, 60]}
              onChange={(escalateMin) => set({ escalateMin })}
            />
          )}
        </div>
      )}
      <Check label="An agent waits for its next prompt" on={wishes.ready} set={(ready) => set({ ready })} />
      <Check label="A run has finished" on={wishes.completed} set={(completed) => set({ completed })} />
      <Check label="A run has failed" on={wishes.failed} set={(failed) => set({ failed })} />
      <Check
        label="Quiet hours"
        on={quiet !== undefined}
        set={(on) => {
          const { quiet: _quiet, ...rest } = wishes;
          const next = on ? { ...rest, quiet: { ...NIGHT, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone } } : rest;
          setWishes(next);
          void setPushWishes(next);
        }}
      />
      {quiet && (
        <div class="pair">
          <TimeOfDay label="From" value={quiet.fromMin} onChange={(fromMin) => set({ quiet: { ...quiet, fromMin } })} />
          <TimeOfDay label="To" value={quiet.toMin} onChange={(toMin) => set({ quiet: { ...quiet, toMin } })} />
        </div>
      )}
      {quiet && questions === 'now' && (
        <MinutesChoice
          label="A question may break them"
          none="Never"
          before="When nobody has answered for "
          value={wishes.escalateMin}
          choices={[5, 10, 20, 30, 60]}
          onChange={(escalateMin) => set({ escalateMin })}
        />
      )}
      {quiet && (
        <p class="hint">What still waits when they end is told then. That somebody has got into the account is told at any hour.</p>
      )}
    </>
  );
}

function Check({ label, on, set }: { label: string; on: boolean; set(on: boolean): void }) {
  return (
    <label class="line check">
      <input type="checkbox" checked={on} onChange={(event) => set(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

interface MinutesChoiceProps {
  label: string;
  /** The word for zero, or null where zero is no choice. */
  none: string | null;
  before: string;
  value: number;
  choices: readonly number[];
  onChange(minutes: number): void;
}

function MinutesChoice({ label, none, before, value, choices, onChange }: MinutesChoiceProps) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <select value={String(value)} onChange={(event) => onChange(Number(event.currentTarget.value))}>
        {none !== null && <option value="0">{none}</option>}
        {choices.map((min) => (
          <option key={min} value={String(min)}>
            {before}
            {after(min)}
          </option>
        ))}
      </select>
    </label>
  );
}

function TimeOfDay({ label, value, onChange }: { label: string; value: number; onChange(minute: number): void }) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <input
        type="time"
        value={clock(value)}
        onChange={(event) => {
          const minute = minuteOf(event.currentTarget.value);
          if (minute !== null) onChange(minute);
        }}
      />
    </label>
  );
}
