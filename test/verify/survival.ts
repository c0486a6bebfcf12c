/** npm run verify -- survival: `kill -9` of the relay around answers. Answers lost 0, doubled 0; everyone back by themselves. [--count=150] [--seed=N] [--quick] */
import { Figures, options, percentile, spread } from '../rig/figures.ts';
import { relayRounds } from '../rig/relay-rounds.ts';

const wanted = options();
const figures = new Figures('survival', wanted);
const { rounds, checked, resent, verdicts, backMs } = await relayRounds({ rounds: wanted.number('count', 150, 8), seed: wanted.seed });

const said = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
figures.note('rounds', `${rounds}; verdicts: ${said.join(', ')}; sent again ${resent} times`);
figures.gate(
  'questions asked and answered',
  `${checked.asked} and ${checked.answered}`,
  `${rounds}`,
  checked.asked === rounds && checked.answered === rounds,
);
figures.gate('answers lost', checked.lost.length, '0', checked.lost.length === 0);
figures.gate(
  'answers typed twice, or to another question',
  checked.stray + checked.wrong.length,
  '0',
  checked.stray + checked.wrong.length === 0,
);
figures.gate('typed although the verdict said no', checked.denied.length, '0', checked.denied.length === 0);
for (const line of [...checked.lost, ...checked.wrong, ...checked.denied].slice(0, 5)) figures.note('found', line);
figures.gate('phone and daemon back after the relay', spread(backMs), 'p99 ≤ 10000 ms', percentile(backMs, 99) <= 10_000);
figures.end();
