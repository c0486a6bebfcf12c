/** An agent is its folder: nothing outside knows it, and without one of them all others work as before. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ReplayEvent, replayFile } from '../replay.ts';
import { loadAgents, type Registry } from './registry.ts';

const here = import.meta.dirname;
const root = resolve(here, '../..');
const agents = await loadAgents();
/** The contract names one folder: whatever no agent claims is read by it, and others may build on it. */
const FALLBACK = agents.generic.name;
const names = agents.all().map(({ name }) => name);

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    if (name === 'recordings' || name === 'node_modules') continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.(?:tsx?|mjs)$/.test(name)) yield path;
  }
}

describe('an agent folder', () => {
  /** Every quoted path of every file: static and dynamic imports, files that a test reads. */
  const all = ['shared', 'relay', 'daemon', 'pwa', 'test', 'scripts'].flatMap((room) =>
    [...sources(join(root, room))].map((file) => ({
      file,
      quoted: [...readFileSync(file, 'utf8').matchAll(/(['"`])((?:\.{1,2}\/|[\w.-]+\/)[\w./-]+)\1/g)].map((match) => match[2]!),
    })),
  );

  it.each(names)('%s is imported and named as a path by nothing outside of it', (name) => {
    const own = join(here, name);
    const knows = all.filter(({ file, quoted }) => {
      if (file.startsWith(`${own}/`)) return false;
      return quoted.some((path) => {
        const to = path.startsWith('.') ? resolve(dirname(file), path) : join(root, path);
        return to.startsWith(`${own}/`) || path.includes(`agents/${name}/`);
      });
    });
    expect(knows.map(({ file }) => relative(root, file))).toEqual([]);
  });
});

describe('without one agent folder', () => {
  // A tree of its own, beside node_modules, from which one folder at a time is moved away. What is loaded once stays loaded: that no agent
  // imports another is for the test above.
  mkdirSync(join(root, '.cache'), { recursive: true });
  const copy = mkdtempSync(join(root, '.cache', 'folders-'));
  const tree = join(copy, 'daemon', 'agents');
  mkdirSync(join(copy, 'daemon'));
  symlinkSync(join(root, 'shared'), join(copy, 'shared'));
  for (const each of readdirSync(join(root, 'daemon'))) {
    if (each !== 'agents') symlinkSync(join(root, 'daemon', each), join(copy, 'daemon', each));
  }
  cpSync(here, tree, { recursive: true, filter: (path) => basename(path) !== 'recordings' && !path.endsWith('.test.ts') });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const reading = (registry: Registry, name: string, cast: string): Promise<ReplayEvent[]> =>
    replayFile(cast, registry, registry.byName(name));
  /** Of each agent the smallest recording in which something is asked, and what is read in it with all folders present. */
  const samples = names.map((name) => {
    const folder = join(here, name, 'recordings');
    const asking = readdirSync(folder).filter((each) => {
      const { questions }: { questions: { kind: string }[] } = JSON.parse(readFileSync(join(folder, each, 'label.json'), 'utf8'));
      return questions.some(({ kind }) => kind === 'permission' || kind === 'choice');
    });
    const casts = asking.map((each) => join(folder, each, 'session.cast')).sort((a, b) => statSync(a).size - statSync(b).size);
    return { name, cast: casts[0]!, whole: reading(agents, name, casts[0]!) };
  });

  it.each(names)(
    '%s, its command is read by the generic one and every other agent reads what it read',
    { timeout: 90_000 },
    async (gone) => {
      renameSync(join(tree, gone), join(copy, gone));
      try {
        const left = await loadAgents(tree);
        expect(left.all().map(({ name }) => name)).toEqual(names.filter((name) => name !== gone));
        expect(left.generic.name).toBe(FALLBACK);
        expect(left.forArgv(agents.byName(gone).launch({ flags: [] })).name).toBe(FALLBACK);
        expect(() => left.byName(gone)).toThrow(expect.objectContaining({ code: 'agent_not_found' }));
        for (const { name, cast, whole } of samples) {
          if (name !== gone) expect(await reading(left, name, cast), name).toEqual(await whole);
        }
      } finally {
        renameSync(join(copy, gone), join(tree, gone));
      }
    },
  );
});
