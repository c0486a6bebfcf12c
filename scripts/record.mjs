// npm run record -- AGENT SCENARIO [--size 80x24] [--keys enter] [--truecolor] [--low] [--variant NAME] [--to FOLDER]: a real agent CLI from npm, asked by the
// scripted model on this machine, recorded and labelled by what it was made to ask.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, run } from './lib/say.mjs';

const agents = readdirSync(join(root, 'test/agents/clis')).map((file) => file.replace(/\.ts$/, ''));
const takes = [...readFileSync(join(root, 'test/agents/takes.ts'), 'utf8').matchAll(/^ {2}'?([a-z-]+)'?: \{ ?(?:about|$)/gm)].map(
  ([, name]) => name,
);
const [agent, take] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const usage = `npm run record -- AGENT SCENARIO [--size 80x24] [--keys down,enter] [--truecolor] [--low]\nagents: ${agents.join(', ')}\nscenarios: ${takes.join(', ')}`;
if (agent === undefined || take === undefined) fail('which agent, asked what?', usage, 2);
if (!agents.includes(agent)) fail(`there is no live agent “${agent}”`, usage, 2);
if (!takes.includes(take)) fail(`there is no scenario “${take}”`, usage, 2);
const { code } = await run(process.execPath, ['--import', 'tsx', 'test/agents/record.ts', ...process.argv.slice(2)]);
process.exit(code);
