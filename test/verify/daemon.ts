/**
 * npm run verify -- daemon: `kill -9` and restarts of the daemon during output and open questions. Agents lost 0, bytes lost 0, the same question open again
 * within 3 s. [--count=1000] [--seed=N] [--quick]
 */
import { daemonRounds } from '../rig/daemon-rounds.ts';
import { Figures, options, percentile, spread } from '../rig/figures.ts';

const wanted = options();
const rounds = wanted.number('count', 1000, 25);
const figures = new Figures('daemon', wanted);
const found = await daemonRounds({ rounds, seed: wanted.seed });

figures.note('rounds', `${found.kills} kill -9, ${found.restarts} restarts, ${found.lines} lines, ${found.answered} answers`);
figures.gate('agents lost', found.agentsLost, '0', found.agentsLost === 0);
figures.gate('bytes lost or doubled', found.bytesLost, '0', found.bytesLost === 0 && found.lines > rounds);
figures.gate('same question under another id', found.otherQid, '0', found.otherQid === 0);
figures.gate('answers lost', found.answersLost, '0', found.answersLost === 0);
figures.gate('answers doubled', found.answersDoubled, '0', found.answersDoubled === 0);
figures.gate(
  'question open again after a new daemon process',
  spread(found.reopenMs),
  'p99 ≤ 3000 ms',
  percentile(found.reopenMs, 99) <= 3000,
);
figures.end();
