/** Text that somebody has begun to write: survives a reload, an update and a killed tab. One signal per field. */
import { type Signal, signal } from '@preact/signals';
import { draftStore } from './database.ts';

const WRITE_MS = 250;
const KEEP_MS = 7 * 24 * 3_600_000;
const fields = new Map<string, Signal<string>>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** The draft under `key`, '' where there is none. */
export function draft(key: string): Signal<string> {
  const known = fields.get(key);
  if (known) return known;
  const field = signal('');
  fields.set(key, field);
  return field;
}

export function setDraft(key: string, text: string): void {
  draft(key).value = text;
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => void write(key), WRITE_MS),
  );
}

export function clearDraft(key: string): void {
  setDraft(key, '');
}

async function write(key: string): Promise<void> {
  timers.delete(key);
  const text = draft(key).value;
  // A full or closed store costs the draft's survival, not the draft.
  await (text ? draftStore.put({ key, text, savedAtMs: Date.now() }) : draftStore.remove(key)).catch(() => undefined);
}

/** Before the page goes: nothing waits for its timer. */
export async function flushDrafts(): Promise<void> {
  const due = [...timers.keys()];
  for (const key of due) clearTimeout(timers.get(key));
  await Promise.all(due.map(write));
}

export async function loadDrafts(): Promise<void> {
  for (const { key, text, savedAtMs } of await draftStore.all().catch(() => [])) {
    if (Date.now() - savedAtMs > KEEP_MS) void draftStore.remove(key).catch(() => undefined);
    else if (draft(key).value === '') draft(key).value = text;
  }
}
