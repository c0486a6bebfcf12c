/** `clawtab doctor`: each thing that must be right, one line each, with the mend for what is not. The checks are in daemon/doctor.ts. */
import { Command } from 'commander';
import { EXIT } from '../../shared/errors.ts';
import { checkAll, type Finding } from '../doctor.ts';
import { green, json, red, say, visible, yellow } from './print.ts';

export function doctorCommand(): Command {
  return new Command().option('--json', 'as JSON').action(async (options: { json?: boolean }) => {
    const findings: Finding[] = [];
    for await (const finding of checkAll()) {
      findings.push(finding);
      if (options.json !== true) show(finding);
    }
    if (options.json === true) json(findings);
    const bad = findings.filter((finding) => finding.level === 'bad').length;
    const hints = findings.filter((finding) => finding.level === 'note').length;
    if (options.json !== true) say(`\n${verdict(bad, hints)}`);
    process.exitCode = bad === 0 ? EXIT.ok : EXIT.failed;
  });
}

function verdict(bad: number, hints: number): string {
  if (bad > 0) return `${bad} ${bad === 1 ? 'thing is' : 'things are'} broken.`;
  return hints === 0 ? 'All is well.' : `Nothing is broken; ${hints === 1 ? 'one thing' : `${hints} things`} to know, marked with !`;
}

function show({ level, what, mend }: Finding): void {
  const mark = level === 'good' ? green('✓') : level === 'bad' ? red('✗') : yellow('!');
  say(`${mark} ${visible(what)}`);
  if (mend !== undefined) say(`    → ${visible(mend)}`);
}
