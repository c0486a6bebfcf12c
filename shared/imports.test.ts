import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const ROOMS = ['shared', 'relay', 'daemon', 'pwa'] as const;

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

/** Relative imports of a file, as paths from the root; dynamic ones too. */
function imports(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map((m) => relative(root, resolve(dirname(path), m[1]!)));
}

const all = ROOMS.flatMap((room) =>
  [...sources(join(root, room))].flatMap((path) => imports(path).map((to) => ({ room, from: relative(root, path), to }))),
);

describe('the arrows between rooms', () => {
  it('finds imports to judge', () => {
    expect(all.length).toBeGreaterThan(20);
  });

  it('lets a room import only itself and shared', () => {
    const wrong = all.filter(({ room, to }) => !to.startsWith(`${room}/`) && !(room !== 'shared' && to.startsWith('shared/')));
    expect(wrong.map((w) => `${w.from} → ${w.to}`)).toEqual([]);
  });

  it('keeps the product and the seal out of the relay', () => {
    const forbidden = /^shared\/(protocol|wire|channel|handshake|sealed-lane|aead|question)\.ts$/;
    expect(all.filter(({ room, to }) => room === 'relay' && forbidden.test(to)).map((w) => `${w.from} → ${w.to}`)).toEqual([]);
  });
});
