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

/** Written before the call returns, which no database can: covers a reload in the very moment of typing. */
const AT_ONCE = 'draft/';

function keepAtOnce(key: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(AT_ONCE + key, text);
    else sessionStorage.removeItem(AT_ONCE + key);
  } catch {
    // Full or forbidden: the database still gets it.
  }
}

const keptAtOnce = (): string[] => Object.keys(sessionStorage).filter((name) => name.startsWith(AT_ONCE));

export function setDraft(key: string, text: string): void {
  draft(key).value = text;
  keepAtOnce(key, text);
  // The first letter goes to disk at once, what follows soon after: a reload may come at any moment.
  if (timers.has(key)) return;
  void put(key);
  timers.set(
    key,
    setTimeout(() => {
      timers.delete(key);
      void put(key);
    }, WRITE_MS),
  );
}

export function clearDraft(key: string): void {
  setDraft(key, '');
}

async function put(key: string): Promise<void> {
  const text = draft(key).value;
  // A full or closed store costs the draft's survival, not the draft.
  await (text ? draftStore.put({ key, text, savedAtMs: Date.now() }) : draftStore.remove(key)).catch(() => undefined);
}

/** Before the page goes: nothing waits for its timer. */
export async function flushDrafts(): Promise<void> {
  const due = [...timers.keys()];
  for (const key of due) clearTimeout(timers.get(key));
  timers.clear();
  await Promise.all(due.map(put));
}

export async function loadDrafts(): Promise<void> {
  for (const name of keptAtOnce()) draft(name.slice(AT_ONCE.length)).value ||= sessionStorage.getItem(name) ?? '';
  for (const { key, text, savedAtMs } of await draftStore.all().catch(() => [])) {
    if (Date.now() - savedAtMs > KEEP_MS) void draftStore.remove(key).catch(() => undefined);
    else if (draft(key).value === '') draft(key).value = text;
  }
}

/** Signed out: nothing that was written stays, in memory or on its way to disk. */
export function forgetDrafts(): void {
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  for (const field of fields.values()) field.value = '';
  for (const name of keptAtOnce()) sessionStorage.removeItem(name);
}
