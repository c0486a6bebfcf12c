import { describe, expect, it } from 'vitest';
import { type LifeEvent, type LifeState, next, TRANSITIONS } from './life-cycle.ts';

const open: LifeState = { state: 'open' };
const typed: LifeEvent = { type: 'typed', by: 'phone', atMs: 5, what: 'Yes' };
const closed: LifeEvent = { type: 'closed', reason: 'answered_at_desk', atMs: 6, by: 'desk' };

describe('the life of a question', () => {
  it('goes from open over typed to its verdict', () => {
    const answered = next(open, typed);
    expect(answered).toEqual({ state: 'answered', by: 'phone', at: 5, verdict: 'typed', what: 'Yes' });
    expect(next(answered, { type: 'verdict', verdict: 'confirmed' })).toMatchObject({ verdict: 'confirmed' });
    expect(next(answered, { type: 'verdict', verdict: 'typed_unconfirmed' })).toMatchObject({ verdict: 'typed_unconfirmed' });
  });

  it('keeps its last word', () => {
    const confirmed = next(next(open, typed), { type: 'verdict', verdict: 'confirmed' });
    expect(next(confirmed, { type: 'verdict', verdict: 'typed_unconfirmed' })).toBe(confirmed);
    expect(next(confirmed, closed)).toBe(confirmed);
    const gone = next(open, closed);
    for (const event of [typed, closed, { type: 'doubt', by: 'x', atMs: 1 } as const]) expect(next(gone, event)).toBe(gone);
  });

  it('is answered once: a second answer changes nothing', () => {
    const first = next(open, typed);
    expect(next(first, { ...typed, by: 'other phone' })).toBe(first);
  });

  it('has a rule or a refusal for every event in every state', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual(['answered', 'closed', 'open']);
    expect(Object.keys(TRANSITIONS.open).sort()).toEqual(['closed', 'doubt', 'typed']);
  });
});
