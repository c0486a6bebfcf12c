import { describe, expect, it } from 'vitest';
import { Screen } from '../../daemon/screen.ts';
import { shows, standingSpan } from './labelling.ts';
import { neutralPath, scrub } from './scrub.ts';

const castOf = (...events: [number, 'o' | 'i' | 'r', string][]): string =>
  [{ version: 2, width: 30, height: 8, command: 'x' }, ...events].map((line) => JSON.stringify(line)).join('\n');
const DIALOG = 'May I?\r\n> Yes\r\n  No, never\r\n';
const CLEAR = '\x1b[2J\x1b[H';

async function screenOf(text: string) {
  const screen = new Screen({ cols: 30, rows: 8 });
  await screen.feed(text);
  return screen.view();
}

describe('the words of a question', () => {
  it.each([
    ['in a frame', '│ > Yes, and do │\r\n│   it again    │', 'Yes, and do it again', true],
    ['with a key named between the rows of a label', '  No, and say what (esc)\r\nto do instead', 'No, and say what to do instead', true],
    ['with that key in the label itself', '  No (esc)', 'No (esc)', true],
    ['cut off', '  Yes, and do it…', 'Yes, and do it again', false],
  ])('are found %s: %s', async (_name, text, label, found) => {
    expect(shows(await screenOf(text), label)).toBe(found);
  });
});

describe('the span of a question', () => {
  const span = (...events: [number, 'o' | 'i' | 'r', string][]) => standingSpan(castOf(...events), 'May I?', ['Yes', 'No, never'], 3);

  it('begins when all of it stands and ends when it has gone', async () => {
    expect(await span([1, 'o', 'May I?\r\n'], [1.2, 'o', '> Yes\r\n  No, never'], [4, 'i', '\r'], [4.1, 'o', CLEAR])).toEqual({
      firstS: 1.2,
      endS: 4.1,
    });
  });

  it('is not broken by a repaint', async () => {
    const events: [number, 'o' | 'i', string][] = [
      [1, 'o', DIALOG],
      [2, 'o', CLEAR],
      [2.1, 'o', DIALOG],
      [4, 'i', '\r'],
      [4.1, 'o', CLEAR],
    ];
    expect(await span(...events)).toEqual({ firstS: 1, endS: 4.1 });
  });

  it('is of the appearance that was answered', async () => {
    const events: [number, 'o' | 'i', string][] = [
      [1, 'o', DIALOG],
      [1.5, 'o', CLEAR],
      [2.5, 'o', DIALOG],
      [4, 'i', '\r'],
      [4.1, 'o', CLEAR],
    ];
    expect(await span(...events)).toEqual({ firstS: 2.5, endS: 4.1 });
  });

  it('lasts while an answer is typed in the place of the options', async () => {
    const events: [number, 'o' | 'i', string][] = [
      [1, 'o', DIALOG],
      [4, 'i', 'D'],
      [4.1, 'o', `${CLEAR}May I?\r\n> D`],
      [5, 'i', '\r'],
      [5.1, 'o', CLEAR],
    ];
    expect(await span(...events)).toEqual({ firstS: 1, endS: 5.1 });
  });

  it('has no end where it never went, and is refused where it never stood', async () => {
    expect(await span([1, 'o', DIALOG], [4, 'i', '\r'])).toEqual({ firstS: 1, endS: null });
    await expect(span([1, 'o', 'May I?'], [4, 'i', '\r'])).rejects.toThrow('did not stand');
    await expect(span([1, 'o', DIALOG], [2, 'o', CLEAR], [4, 'i', '\r'])).rejects.toThrow('did not stand');
  });
});

describe('a recording that is committed', () => {
  const places = {
    home: '/tmp/clawtab-test-aB3dEf',
    program: '/srv/checkout/.cache/agents/x/bin/cn',
    bin: 'cn',
    folders: ['/srv/checkout', '/home/bob'],
    secret: ['bobs-laptop'],
  };

  it('has nobody’s paths, of the same length where the agent showed them', () => {
    const out = scrub('["/srv/checkout/.cache/agents/x/bin/cn", "/tmp/clawtab-test-aB3dEf/work", "clawtab-test-aB3dEf"]', places);
    expect(out).toBe(`["cn", "${neutralPath(24)}/work", "projectssssssssssss"]`);
    expect(neutralPath(24)).toHaveLength(24);
    expect(scrub('installed in /srv/checkout/.cache', places)).toBe(`installed in ${neutralPath(13)}/.cache`);
  });

  it('keeps a path that only begins like one of them', () => {
    expect(scrub('/home/bob/x /home/bobby', places)).toBe(`${neutralPath(9)}/x /home/bobby`);
  });

  it('is refused where the name of the machine is left', () => {
    expect(() => scrub('bob@bobs-laptop:~$', places)).toThrow('bobs-laptop');
  });
});
