/** What others are told of this machine and its account: name, agents, roots, devices; and what its agents get as environment. */
import * as os from 'node:os';
import { ClawError } from '../shared/errors.ts';
import type { Machine } from '../shared/protocol.ts';
import type { Account } from './account/account.ts';
import type { Registry } from './agents/registry.ts';
import type { DeviceBook } from './device-book.ts';
import { findExecutable } from './runs/executable.ts';
import type { Settings } from './settings.ts';
import { VERSION } from './version.ts';

export function machineOf(id: string, settings: Settings, agents: Registry, roots: readonly string[], env: NodeJS.ProcessEnv): Machine {
  const installed = (argv0: string): boolean => {
    try {
      findExecutable(argv0, env.PATH, '/');
      return true;
    } catch (error) {
      if (error instanceof ClawError) return false;
      throw error;
    }
  };
  return {
    id,
    name: settings.name ?? os.hostname(),
    platform: process.platform,
    version: VERSION,
    agents: agents
      .all()
      .map((agent) => ({ name: agent.name, title: agent.title, installed: installed(agent.launch({ flags: [] })[0] ?? agent.name) })),
    roots: [...roots],
  };
}

/** What the daemon hands to what it starts: its own environment without what belongs to another run, to npm or to a relay in the same terminal. */
export function cleanEnv(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:CLAWTAB_(?!STATE$|DEMO_PACE$)|VAPID_|npm_|INIT_CWD$|NODE_OPTIONS$|TMUX|STY$)/.test(name)),
  );
}

export function listDevices(account: Account, book: DeviceBook, own: string, self: string) {
  const trusted = account.membership?.trusted;
  return [...(trusted?.devices.values() ?? [])].map(({ id, kind }) => {
    const { name, lastSeenAt } = book.get(id);
    const shown = id === account.id ? own : name;
    return {
      id,
      kind,
      ...(shown === undefined ? {} : { name: shown }),
      ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
      self: id === self,
    };
  });
}
