/**
 * The daemon as a service of this machine: one interface, three ways (launchd, systemd --user, a supervised background process). Every call is
 * idempotent and answers with what it did and where. How to run commands is passed in, so that rules can be tested with a stand-in on PATH.
 */
import { execFile } from 'node:child_process';
import { ClawError } from '../../shared/errors.ts';

/** The LaunchAgent's name. Here, so that a command can say it without loading launchd.ts and its XML. */
export const LAUNCHD_LABEL = 'dev.clawtab.daemon';

export interface ServiceSpec {
  /** Absolute argv of the daemon in the foreground. */
  argv: readonly string[];
  /** Captured at installation, since a service starts with next to nothing: PATH, locale, HOME, XDG and state variables. Never a secret. */
  env: Readonly<Record<string, string>>;
  logFile: string;
  home: string;
  uid: number;
}

export type ServiceState = { state: 'running'; pid: number | null } | { state: 'stopped' } | { state: 'not_installed' };

/** Sentences for the user, in order: what was done, and where. */
export type Report = string[];

export interface Service {
  kind: 'launchd' | 'systemd' | 'background';
  start(spec: ServiceSpec): Promise<Report>;
  stop(): Promise<Report>;
  restart(spec: ServiceSpec): Promise<Report>;
  status(): Promise<ServiceState>;
  /** Stops it and takes its files away; the state directory stays. */
  uninstall(): Promise<Report>;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}
export type RunCommand = (command: string, args: readonly string[]) => Promise<Ran>;

/** Runs a program to its end; a program that is not there gives code 127. */
export const runCommand: RunCommand = (command, args) =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : error.code === 'ENOENT' ? 127 : 1;
      resolve({ code, stdout, stderr });
    });
  });

/** Runs a step that must succeed, or end with a code of `fine`. Throws `service_failed` naming the command and its own words. */
export async function must(run: RunCommand, command: string, args: readonly string[], fine: readonly number[] = []): Promise<Ran> {
  const ran = await run(command, args);
  if (ran.code !== 0 && !fine.includes(ran.code)) {
    const said = (ran.stderr || ran.stdout).trim().split('\n').at(-1) ?? '';
    throw new ClawError('service_failed', `\`${command} ${args.join(' ')}\` failed with ${ran.code}${said ? `: ${said}` : ''}.`, {
      hint: '`clawtab daemon start --foreground` runs it without a service.',
    });
  }
  return ran;
}

const CAPTURED = /^(PATH|LANG|LC_[A-Z]+|HOME|USER|LOGNAME|SHELL|TMPDIR|XDG_[A-Z_]+|CLAWTAB_STATE|CLAWTAB_RELAY|SSH_AUTH_SOCK)$/;

/** The part of an environment that a service needs; everything that could be a secret stays out. */
export function serviceEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => CAPTURED.test(pair[0]) && pair[1] !== undefined),
  );
}
