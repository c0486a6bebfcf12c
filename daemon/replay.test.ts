import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAgents } from './agents/registry.ts';
import { parseCast, replay, VirtualClock } from './replay.ts';

const agents = await loadAgents();
const cast = (header: object, ...events: unknown[]) => [header, ...events].map((line) => JSON.stringify(line)).join('\n');
/** Of that agent's folder, in the order of their names. */
function firstRecording(name: string): string | undefined {
  const folder = join(import.meta.dirname, 'agents', name, 'recordings');
  const [first] = existsSync(folder) ? readdirSync(folder).sort() : [];
  return first === undefined ? undefined : readFileSync(join(folder, first, 'session.cast'), 'utf8');
}
const header = { version: 2, width: 60, height: 10 };

describe('a recording', () => {
  it('is replayed on its own clock', async () => {
    const text = cast(header, [1, 'o', 'Continue? [y/N] '], [9, 'i', 'y'], [9.1, 'o', 'y\r\n']);
    const events = await replay(parseCast(text, 'x'), agents);
    expect(events).toMatchObject([
      { event: 'question', qid: 'q1', rev: 1, kind: 'confirm', text: 'Continue? [y/N]', source: 'screen' },
      { event: 'closed', qid: 'q1', reason: 'gone' },
    ]);
    expect(events[0]!.t).toBeGreaterThan(1);
    expect(events[0]!.t).toBeLessThan(1.1);
    expect(events[1]!.t - 9.1).toBeLessThan(1);
  });

  it('says the same each time', async () => {
    const agent = agents.all().find(({ name }) => firstRecording(name) !== undefined)!;
    const text = firstRecording(agent.name)!;
    expect(await replay(parseCast(text, 'x'), agents, agent)).toEqual(await replay(parseCast(text, 'x'), agents, agent));
  });

  it.each(agents.all().map(({ name }) => name))('of %s picks its agent by its own command', (name) => {
    // Recordings of the demo agent name `clawtab demo`, which starts it.
    const text = name === 'demo' ? undefined : firstRecording(name);
    if (text !== undefined) expect(agents.forArgv(parseCast(text, 'x').argv).name).toBe(name);
    expect(agents.forArgv(agents.byName(name).launch({ flags: [] })).name).toBe(name);
  });

  it('of any other command is read by the generic one', () => {
    expect(agents.forArgv(parseCast(cast({ ...header, command: `vim ${agents.all()[0]?.name}` }), 'x').argv).name).toBe('generic');
  });

  it('follows a change of size', async () => {
    const text = cast(header, [0, 'r', '30x10'], [1, 'o', 'x'.repeat(30)], [1.1, 'o', 'Continue? [y/N] ']);
    expect(await replay(parseCast(text, 'x'), agents)).toMatchObject([{ event: 'question' }, { event: 'closed', reason: 'ended' }]);
  });

  it('may be cut off in its last line', () => {
    expect(parseCast(`${cast(header, [1, 'o', 'x'])}\n[2,"o`, 'x').events).toHaveLength(1);
  });

  it.each([
    ['not JSON', 'hello'],
    ['another version', '{"version":1,"width":80,"height":24}'],
    ['no size', '{"version":2}'],
    ['an absurd size', '{"version":2,"width":100000,"height":24}'],
    ['a broken line in the middle', `${JSON.stringify(header)}\n[1,"o"\n[2,"o","x"]`],
  ])('is refused for %s', (_, text) => {
    expect(() => parseCast(text, 'x.cast')).toThrow(expect.objectContaining({ code: 'bad_recording' }));
  });
});

describe('the virtual clock', () => {
  it('runs callbacks in the order of their times, also those set meanwhile', () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    clock.at(20, () => order.push('b'));
    clock.at(10, () => {
      order.push('a');
      clock.at(15, () => order.push('a2'));
    });
    clock.at(12, () => order.push('never'))();
    clock.advance(30);
    expect(order).toEqual(['a', 'a2', 'b']);
    expect(clock.nowMs()).toBe(30);
  });
});
