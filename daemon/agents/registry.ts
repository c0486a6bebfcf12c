/**
 * Finds the agent folders beside this file by scanning them at run time (`<name>/index.ts`, or `.js` once transpiled), and picks one by
 * name or by command line. No agent is named here; adding one is adding a folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ClawError } from '../../shared/errors.ts';
import type { Agent } from './agent.ts';

/** The folder that reads anything no other folder claims; also called `custom` in job definitions. */
const FALLBACK = 'generic';

export class Registry {
  readonly #agents: Map<string, Agent>;

  constructor(agents: readonly Agent[]) {
    this.#agents = new Map(agents.map((agent) => [agent.name, agent]));
  }

  /** Every agent but the fallback, by name. */
  all(): Agent[] {
    return [...this.#agents.values()].filter((agent) => agent.name !== FALLBACK).sort((a, b) => a.name.localeCompare(b.name));
  }

  get generic(): Agent {
    const agent = this.#agents.get(FALLBACK);
    if (agent === undefined) throw new ClawError('internal', `The agent folder ${FALLBACK} is missing from this installation.`);
    return agent;
  }

  /** The agent of that name (`custom` is the generic one); throws `agent_not_found`. */
  byName(name: string): Agent {
    if (name === 'custom' || name === FALLBACK) return this.generic;
    const agent = this.#agents.get(name);
    if (agent === undefined) {
      const known = this.all().map((a) => a.name);
      throw new ClawError('agent_not_found', `There is no agent "${name}".`, { hint: `Known agents: ${[...known, 'custom'].join(', ')}.` });
    }
    return agent;
  }

  /** The agent that this command line starts, else the generic one. */
  forArgv(argv: readonly string[]): Agent {
    return this.all().find((agent) => agent.matches(argv)) ?? this.generic;
  }
}

function isAgent(value: unknown): value is Agent {
  return typeof value === 'object' && value !== null && 'name' in value && 'read' in value && 'keys' in value && 'matches' in value;
}

/** Loads every agent folder under `directory`; a folder whose index has no export `agent` is a bug and throws. */
export async function loadAgents(directory: string = import.meta.dirname): Promise<Registry> {
  const found = readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const index = ['index.ts', 'index.js'].map((name) => join(directory, entry.name, name)).find((path) => existsSync(path));
    return index === undefined ? [] : [{ name: entry.name, index }];
  });
  const agents = await Promise.all(
    found.map(async ({ name, index }) => {
      const module: Record<string, unknown> = await import(pathToFileURL(index).href);
      if (!isAgent(module.agent)) throw new ClawError('internal', `${index} has no export "agent".`);
      if (module.agent.name !== name) throw new ClawError('internal', `${index} calls itself "${module.agent.name}".`);
      return module.agent;
    }),
  );
  return new Registry(agents);
}
