/** Few rounds of what `npm run verify -- daemon survival` does in hundreds: processes killed hard around questions and answers. */
import { describe, expect, it } from 'vitest';
import { daemonRounds } from './rig/daemon-rounds.ts';
import { percentile } from './rig/figures.ts';
import { relayRounds } from './rig/relay-rounds.ts';

describe('kill -9', () => {
  it('of the daemon: the agent lives, no byte is lost, the same question is open again', async () => {
    const found = await daemonRounds({ rounds: 6, seed: 1 });
    expect(found).toMatchObject({ agentsLost: 0, bytesLost: 0, otherQid: 0, answersLost: 0, answersDoubled: 0 });
    expect(found.lines).toBeGreaterThan(40);
    expect(percentile(found.reopenMs, 99)).toBeLessThan(20_000);
  }, 120_000);

  it('of the relay: everyone is back, every answer is typed once', async () => {
    const { checked } = await relayRounds({ rounds: 4, seed: 1 });
    expect(checked).toMatchObject({ asked: 4, answered: 4, stray: 0, lost: [], wrong: [], denied: [] });
  }, 120_000);
});
