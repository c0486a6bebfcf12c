/** `clawtab policies …`: rules that answer permission questions by themselves. */
import * as path from 'node:path';
import { Command } from 'commander';
import { ClawError } from '../../shared/errors.ts';
import type { ArgsOf } from '../../shared/protocol.ts';
import { describePolicy } from '../policies/policies.ts';
import { withDaemon } from './connect.ts';
import { age, json, say, table } from './print.ts';

interface Options {
  agent?: string;
  job?: string;
  run?: string;
  tool?: string;
  directory?: string;
  for?: string;
  json?: boolean;
}

export function policiesCommand(): Command {
  const policies = new Command().addHelpText(
    'after',
    '\nExamples:\n  clawtab policies allow -- git status\n  clawtab policies allow --agent claude --for 1h -- npm run "*"\n  clawtab policies deny -- rm\n\nA command is allowed only where every part of its line is; what a shell could expand is left to you. Deny wins, and what\nmay be the denied command in another spelling is left to you. A rule for find or git does not speak of what -exec or -c alias.x would run. A rule takes the\nplain yes, never one that widens rights. Each answer stands in clawtab audit.',
  );
  policies
    .command('ls', { isDefault: true })
    .description('the rules')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const { policies: rules } = await withDaemon((daemon) => daemon.call('policies.list', {}));
      if (options.json === true) return json(rules);
      if (rules.length === 0) return say('There are no rules: every question is yours.');
      const left = (until: number | undefined): string =>
        until === undefined ? 'always' : until < Date.now() ? 'run out' : `${age(until - Date.now())} more`;
      table(
        rules.map((rule) => [rule.id, describePolicy(rule), left(rule.until), rule.by]),
        ['RULE', 'WHAT', 'FOR', 'BY'],
      );
    });
  for (const effect of ['allow', 'deny'] as const)
    policies
      .command(effect)
      .description(`${effect} what fits`)
      .argument('[command...]', 'the words a command begins with, behind --; * for any one word, $ at the end for nothing more')
      .option('--agent <agent>')
      .option('--job <job>')
      .option('--run <run>')
      .option('--tool <title>', 'the heading of the dialog, for example "Edit file"')
      .option('--directory <path>', 'only for runs in or below it')
      .option('--for <time>', 'how long the rule holds: 30m, 1h, 2d')
      .option('--json', 'the rule as JSON')
      .action((words: string[], options: Options) => add(effect, words, options));
  policies
    .command('rm')
    .description('revoke a rule')
    .argument('<rule>')
    .action(async (id: string) => {
      await withDaemon((daemon) => daemon.call('policies.remove', { id }));
      say(`Revoked rule ${id}.`);
    });
  return policies;
}

async function add(effect: 'allow' | 'deny', words: string[], options: Options): Promise<void> {
  const policy: ArgsOf<'policies.add'>['policy'] = {
    effect,
    ...(words.length === 0 ? {} : { command: words }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    ...(options.job === undefined ? {} : { job: options.job }),
    ...(options.run === undefined ? {} : { run: options.run }),
    ...(options.tool === undefined ? {} : { tool: options.tool }),
    ...(options.directory === undefined ? {} : { directory: path.resolve(options.directory) }),
    ...(options.for === undefined ? {} : { until: Date.now() + duration(options.for) }),
  };
  const rule = await withDaemon((daemon) => daemon.call('policies.add', { policy }));
  if (options.json === true) return json(rule);
  say(`Rule ${rule.id}: ${describePolicy(rule)}. Revoke it with: clawtab policies rm ${rule.id}`);
}

/** Milliseconds of `90s`, `30m`, `1h`, `2d`. */
function duration(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  if (!match) throw new ClawError('usage', `--for takes a time such as 30m, 1h or 2d, not “${text}”.`);
  return Number(match[1]) * { s: 1000, m: 60_000, h: 3600_000, d: 86_400_000 }[match[2] as 's' | 'm' | 'h' | 'd'];
}
