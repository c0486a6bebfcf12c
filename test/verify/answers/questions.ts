/** The questions that one fake agent asks in `verify answers`. */
import type { FakeQuestion } from '../../rig/fake-agent.ts';
import type { Random } from '../../rig/random.ts';

/** Lists, numbers and yes/no lines; four in ten repaint themselves, one in ten is taken back after 30 to 630 ms. */
export function makeQuestions(count: number, rng: Random): FakeQuestion[] {
  return Array.from({ length: count }, () => {
    const style = rng.pick(['list', 'numbers', 'yesno'] as const);
    return {
      nonce: rng.nonce(),
      style,
      options: style === 'yesno' ? 2 : 2 + rng.below(4),
      lines: rng.below(4),
      ...(rng.chance(0.4) ? { repaintMs: 20 + rng.below(200) } : {}),
      ...(rng.chance(0.1) ? { swapMs: 30 + rng.below(600) } : {}),
    };
  });
}
