import { describe, expect, it } from 'vitest';
import { ClawError } from '../../shared/errors.ts';
import type { ArgsOf, CommandName, EventOf, ResultOf } from '../../shared/protocol.ts';
import { CREDIT_BYTES, OutputFeed } from './output-feed.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A machine whose log is `log`, of which the feed sees what the test sends. */
function rig(log = 'abcdefghij') {
  const asked: { cmd: CommandName; args: unknown }[] = [];
  const seen: string[] = [];
  let stream = 0;
  let fail: ClawError | null = null;
  const facts = { epoch: 'e1', start: 0 };
  const ask = async <C extends CommandName>(cmd: C, args: ArgsOf<C>): Promise<ResultOf<C>> => {
    asked.push({ cmd, args });
    if (fail) throw fail;
    const from = cmd === 'runs.subscribe' ? ((args as ArgsOf<'runs.subscribe'>).from ?? 0) : 0;
    return { stream: ++stream, epoch: facts.epoch, start: facts.start, end: log.length, from: Math.max(from, facts.start) } as ResultOf<C>;
  };
  const feed = new OutputFeed('run', ask, {
    data: (b, offset) => seen.push(`${offset}:${new TextDecoder().decode(b)}`),
    gap: (from, to, why) => seen.push(`gap ${from}-${to} ${why}`),
    end: () => seen.push('end'),
    opened: ({ from }) => seen.push(`open ${from}`),
    failed: () => seen.push('failed'),
  });
  return {
    feed,
    asked,
    seen,
    facts,
    breakWith: (error: ClawError | null) => {
      fail = error;
    },
    chunk: (offset: number, text: string, of = stream) => feed.chunk({ stream: of, offset, bytes: bytes(text) }),
    gap: (from: number, to: number, why: EventOf<'gap'>['why']) => feed.event({ event: 'gap', data: { stream, from, to, why } }),
    end: (end: number) => feed.event({ event: 'stream.end', data: { stream, end } }),
  };
}

describe('the output of a run', () => {
  it('comes in order and ends when all of it is there', async () => {
    const r = rig();
    await r.feed.open();
    r.chunk(0, 'abcde');
    r.end(10);
    expect(r.seen).toEqual(['open 0', '0:abcde']);
    r.chunk(5, 'fghij');
    expect(r.seen).toEqual(['open 0', '0:abcde', '5:fghij', 'end']);
  });

  it('drops what it has seen already, and keeps the new part of an overlap', async () => {
    const r = rig();
    await r.feed.open();
    r.chunk(0, 'abcde');
    r.chunk(0, 'abcde');
    r.chunk(3, 'defg');
    expect(r.seen.slice(1)).toEqual(['0:abcde', '5:fg']);
  });

  it('asks again from where it stands when frames were dropped on the way', async () => {
    const r = rig();
    await r.feed.open();
    r.chunk(0, 'ab');
    r.chunk(6, 'gh');
    await Promise.resolve();
    await Promise.resolve();
    expect(r.asked.filter((a) => a.cmd === 'runs.subscribe').map((a) => (a.args as ArgsOf<'runs.subscribe'>).from)).toEqual([undefined, 2]);
    r.chunk(2, 'cdefgh');
    expect(r.seen).toEqual(['open 0', '0:ab', 'open 2', '2:cdefgh']);
  });

  it('shows a gap where the machine says so, though the word overtakes the bytes before it', async () => {
    const r = rig();
    await r.feed.open();
    r.gap(4, 8, 'skipped');
    expect(r.seen).toEqual(['open 0']);
    r.chunk(0, 'abcd');
    r.chunk(8, 'ij');
    expect(r.seen).toEqual(['open 0', '0:abcd', 'gap 4-8 skipped', '8:ij']);
  });

  it('resumes after a cut with the byte after the last one seen', async () => {
    const r = rig();
    await r.feed.open();
    r.chunk(0, 'abc');
    await r.feed.open();
    r.chunk(3, 'def');
    expect(r.seen).toEqual(['open 0', '0:abc', 'open 3', '3:def']);
    expect(r.asked.at(-1)?.args).toMatchObject({ epoch: 'e1', from: 3 });
  });

  it('starts anew where the log of the run has been replaced', async () => {
    const r = rig();
    await r.feed.open();
    r.chunk(0, 'abc');
    r.facts.epoch = 'e2';
    await r.feed.open();
    expect(r.seen.at(-1)).toBe('open 3');
  });

  it('ignores bytes of a stream that it has left', async () => {
    const r = rig();
    await r.feed.open();
    await r.feed.open();
    r.chunk(0, 'old', 1);
    expect(r.seen).toEqual(['open 0', 'open 0']);
  });

  it('gives credit back in halves', async () => {
    const r = rig();
    await r.feed.open();
    r.feed.consumed(CREDIT_BYTES / 2 - 1);
    expect(r.asked.some((a) => a.cmd === 'runs.credit')).toBe(false);
    r.feed.consumed(1);
    expect(r.asked.at(-1)).toEqual({ cmd: 'runs.credit', args: { stream: 1, bytes: CREDIT_BYTES / 2 } });
  });

  it('says that it could not open, and does after the machine is back', async () => {
    const r = rig();
    r.breakWith(new ClawError('peer_offline', 'away'));
    await r.feed.open();
    expect(r.seen).toEqual(['failed']);
    r.breakWith(null);
    await r.feed.open();
    r.chunk(0, 'a');
    expect(r.seen).toEqual(['failed', 'open 0', '0:a']);
  });
});
