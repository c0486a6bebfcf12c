/** Which finished runs stay, on real folders. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openState } from '../state.ts';
import { makePlace, type Place } from '../test-daemon.ts';
import { newRunId } from './run-id.ts';
import { DEFAULT_RETENTION, RunStore } from './run-store.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 1);
const places: Place[] = [];
afterEach(() => {
  for (const place of places.splice(0)) place.remove();
});

/** A store with one finished run for each age in days, `bytes` of output each; a null age is a run that lives. */
function storeOf(ages: readonly (number | null)[], bytes = 0): { store: RunStore; ids: string[] } {
  const place = makePlace();
  places.push(place);
  const store = new RunStore(openState(place.env));
  const ids = ages.map((age) => {
    const endedMs = NOW_MS - (age ?? 0) * DAY_MS;
    const id = newRunId(endedMs);
    const dir = store.dir(id);
    fs.mkdirSync(dir, { mode: 0o700 });
    const write = (file: string, value: object): void => fs.writeFileSync(path.join(dir, file), JSON.stringify(value), { mode: 0o600 });
    write('run.json', { v: 1, id, pid: 1, argv: ['true'], startedMs: endedMs });
    if (age !== null) write('exit.json', { v: 1, code: 0, endedMs });
    fs.writeFileSync(path.join(dir, 'log'), Buffer.alloc(bytes));
    return id;
  });
  return { store, ids };
}
const kept = (store: RunStore): string[] => store.list().map(({ run }) => run.id);

it('keeps the newest up to the count, and every run that lives', () => {
  const { store, ids } = storeOf([0, 1, 2, 3, null]);
  const gone = store.prune({ ...DEFAULT_RETENTION, count: 2 }, NOW_MS);
  expect(gone.sort()).toEqual([ids[2], ids[3]].sort());
  expect(kept(store).sort()).toEqual([ids[0], ids[1], ids[4]].sort());
});

it('lets go of what is too old, beyond the newest ones', () => {
  const { store, ids } = storeOf([40, 50, 60]);
  store.prune({ ...DEFAULT_RETENTION, newest: 1 }, NOW_MS);
  expect(kept(store)).toEqual([ids[0]]);
});

it('lets go of the oldest where all together are too large', () => {
  const { store, ids } = storeOf([1, 2, 3], 100_000);
  store.prune({ ...DEFAULT_RETENTION, bytes: 250_000 }, NOW_MS);
  expect(kept(store)).toEqual([ids[0], ids[1]]);
});

it('empties nothing because the clock says another year', () => {
  const { store, ids } = storeOf([0, 1, 2]);
  expect(store.prune(DEFAULT_RETENTION, Date.UTC(2100, 0, 1))).toEqual([]);
  expect(kept(store)).toHaveLength(ids.length);
});
