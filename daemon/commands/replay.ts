/** `clawtab replay FILE… [--agent NAME] [--json]`: what the detector makes of recorded terminals, one line per event. Parses and prints only. */
import { Command } from 'commander';
import type { Agent } from '../agents/agent.ts';
import { loadAgents, type Registry } from '../agents/registry.ts';
import { type ReplayEvent, replayFile } from '../replay.ts';

/** Recordings replayed at once: each waits on the terminal's parser for most of its time. */
const AT_ONCE = 8;

export function replayCommand(): Command {
  return new Command('replay')
    .description('run recorded terminals (asciicast v2) through the question detector')
    .argument('<files...>', 'recordings')
    .option('--agent <name>', "the agent that was recorded (default: by the recording's own command)")
    .option('--json', 'one JSON object a line')
    .action(async (files: string[], options: { agent?: string; json?: boolean }) => {
      const agents = await loadAgents();
      const agent = options.agent === undefined ? undefined : agents.byName(options.agent);
      await replayAll(files, agents, agent, (file, event) => {
        process.stdout.write(
          `${options.json === true ? JSON.stringify(files.length > 1 ? { file, ...event } : event) : readable(file, files.length, event)}\n`,
        );
      });
    });
}

/** Replays `files`, some at once, and prints in the order given. */
async function replayAll(
  files: readonly string[],
  agents: Registry,
  agent: Agent | undefined,
  print: (file: string, event: ReplayEvent) => void,
): Promise<void> {
  const running: Promise<ReplayEvent[]>[] = [];
  const start = (index: number) => {
    const file = files[index];
    if (file !== undefined) {
      running[index] = replayFile(file, agents, agent);
      // The rejection is met in order below; until then it must not count as unhandled.
      running[index].catch(() => undefined);
    }
  };
  for (let i = 0; i < AT_ONCE; i++) start(i);
  for (let i = 0; i < files.length; i++) {
    for (const event of await running[i]!) print(files[i]!, event);
    start(i + AT_ONCE);
  }
}

function readable(file: string, count: number, event: ReplayEvent): string {
  const head = `${count > 1 ? `${file}: ` : ''}${event.t.toFixed(3).padStart(8)} s `;
  switch (event.event) {
    case 'question': {
      const options = event.options.map((option) => `${option.default === true ? '›' : ' '} ${option.label} [${option.keys.join(' ')}]`);
      return [
        `${head}${event.qid}.${event.rev} ${event.kind}: ${[event.title, event.text].filter((text) => text !== '').join(' — ')}`,
        ...options,
      ].join('\n           ');
    }
    case 'closed':
      return `${head}${event.qid} closed: ${event.reason}`;
    case 'state':
      return `${head}state: ${event.state?.state ?? 'unknown'}`;
  }
}
