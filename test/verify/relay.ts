/**
 * npm run verify -- relay: the figures of issue 4. Fuzzed frames, stolen and copied credentials, a week of phones, revocation, who may call what, a database
 * that goes away, and the search for what must not be there. [--seed=N] [--quick] [--only=fuzz,stolen,…] [--json]
 */
import { Figures, options } from '../rig/figures.ts';
import { canaryFigures } from './relay/canary.ts';
import { copiedStates, copiesFigures } from './relay/copies.ts';
import { fuzzFigures, fuzzRelay } from './relay/fuzz.ts';
import { matrixFigures } from './relay/matrix.ts';
import { natsFigures, revocationsOverNats } from './relay/nats.ts';
import { databaseOutage, outageFigures } from './relay/outage.ts';
import { type Figure, report } from './relay/parts.ts';
import { revocations, revokedFigures } from './relay/revoke.ts';
import { stolenFigures, stolenTokens } from './relay/stolen.ts';
import { weekFigures, weekOfPhones } from './relay/week.ts';

const wanted = options();
const { seed } = wanted;
const only = process.argv
  .find((word) => word.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const figures = new Figures('relay', wanted);
const say = (text: string): void => {
  if (!wanted.json && process.stdout.isTTY) process.stdout.write(`       ${text}\n`);
};

const PARTS: Record<string, () => Promise<Figure[]>> = {
  matrix: matrixFigures,
  stolen: async () => stolenFigures(await stolenTokens({ rounds: wanted.number('stolen', 400, 60), seed })),
  copies: async () => copiesFigures(await copiedStates({ rounds: wanted.number('copies', 200, 12), seed })),
  week: async () => weekFigures(await weekOfPhones({ households: wanted.number('households', 4, 1), days: 7, seed })),
  revoke: async () => revokedFigures(await revocations(wanted.number('revoke', 300, 60))),
  nats: async () => natsFigures(await revocationsOverNats(wanted.number('nats', 150, 30))),
  outage: async () => outageFigures(await databaseOutage(wanted.number('down', 60, 5) * 1000)),
  canary: canaryFigures,
  fuzz: async () => fuzzFigures(await fuzzRelay({ frames: wanted.number('frames', 1_000_000, 200_000), seed, say })),
};

for (const [name, part] of Object.entries(PARTS)) {
  if (only && !only.includes(name)) continue;
  const from = performance.now();
  try {
    report(figures, await part());
  } catch (error) {
    figures.gate(name, error instanceof Error ? (error.stack ?? error.message) : String(error), 'runs to its end', false);
  }
  say(`${name} took ${Math.round((performance.now() - from) / 1000)} s`);
}
figures.end();
