/**
 * The one door into the daemon: CLI and phone send the same commands here, one over a unix socket, the other over the sealed channel, each with
 * its grants. Owns the table of verbs, who may use which, and who hears events. The work is done by the parts given to it.
 */
import type * as v from 'valibot';
import type { Grant } from '../shared/device-list.ts';
import { ClawError } from '../shared/errors.ts';
import {
  type ArgsOf,
  COMMANDS,
  type CommandName,
  type JobView,
  type Policy,
  type ProtocolEvent,
  type ResultOf,
  type Run,
  type Snapshot,
  type Verdict,
} from '../shared/protocol.ts';
import { PROTOCOL_VERSION } from '../shared/version.ts';
import { ApiConnection, type Caller, type Door, type Transport, type Verb } from './api-connection.ts';
import { LOCAL_COMMANDS, type LocalArgs, type LocalCommandName, type LocalResult, OPEN_TO_AGENTS } from './local/local-commands.ts';
import type { Audience } from './notices.ts';
import type { OutputSource } from './output-streams.ts';
import { fitSnapshot } from './snapshot.ts';

type Give<T> = T | Promise<T>;

/** The parts behind the door, in the door's words. `by` is who asks, as others will read it. */
export interface Parts {
  version: string;
  output: OutputSource;
  snapshot(): Omit<Snapshot, 'seq'>;
  jobs: { save(job: ArgsOf<'jobs.save'>, by: Caller): Give<JobView>; remove(name: string): Give<void> };
  runs: {
    start(request: ArgsOf<'runs.start'>, by: Caller): Give<Run>;
    stop(run: string, hard: boolean, by: Caller): Give<{ alreadyStopped: boolean }>;
    history(query: ArgsOf<'runs.history'>): Give<Run[]>;
    screen(run: string): Give<ResultOf<'runs.screen'>>;
    type(request: ArgsOf<'runs.type'>, by: Caller): Give<{ typed: boolean }>;
    resume(request: ArgsOf<'runs.resume'>, by: Caller): Give<ResultOf<'runs.resume'>>;
    announce(run: string): Give<void>;
    hook(hint: LocalArgs<'hook'>): Give<void>;
  };
  answer(answer: ArgsOf<'questions.answer'>, by: Caller): Promise<Verdict>;
  devices(by: Caller): Give<ResultOf<'devices.list'>>;
  policies: {
    list(): Policy[];
    add(request: ArgsOf<'policies.add'>, by: Caller): Give<Policy>;
    remove(id: string, by: Caller): Give<void>;
  };
  audit(query: ArgsOf<'audit.list'>): Give<ResultOf<'audit.list'>>;
  push: {
    subscribe(by: Caller, request: ArgsOf<'push.subscribe'>): Give<void>;
    unsubscribe(by: Caller): Give<void>;
    test(by: Caller, device: string): Promise<ResultOf<'push.test'>>;
    wish(by: Caller, request: ArgsOf<'push.wishes'>): Give<void>;
    received(by: Caller, n: number): Give<void>;
    devices(by: Caller): ResultOf<'push.devices'>;
  };
  /** A device has said what it is called. */
  named(caller: Caller): void;
  local: {
    [C in Exclude<LocalCommandName, 'local.hello' | 'local.held' | 'runs.announce' | 'hook'>]: (args: LocalArgs<C>) => Give<LocalResult<C>>;
  };
  onUnexpected(error: unknown, command: string): void;
}

type Handler<C extends CommandName> = (args: ArgsOf<C>, connection: ApiConnection) => Give<ResultOf<C>>;
const NOTHING = {};

function handlers(parts: Parts): { [C in CommandName]: Handler<C> } {
  return {
    'state.get': (_args, connection) => ({ ...parts.snapshot(), seq: connection.seq }),
    'jobs.save': (args, { caller }) => parts.jobs.save(args, caller),
    'jobs.remove': async ({ job }) => {
      await parts.jobs.remove(job);
      return NOTHING;
    },
    'runs.start': (args, { caller }) => parts.runs.start(args, caller),
    'runs.stop': ({ run, hard }, { caller }) => parts.runs.stop(run, hard ?? false, caller),
    'runs.history': async (args) => ({ runs: await parts.runs.history(args) }),
    'runs.subscribe': (args, { streams }) => streams.open(args),
    'runs.credit': ({ stream, bytes }, { streams }) => {
      streams.credit(stream, bytes);
      return NOTHING;
    },
    'runs.unsubscribe': ({ stream }, { streams }) => {
      streams.closeStream(stream);
      return NOTHING;
    },
    'runs.screen': ({ run }) => parts.runs.screen(run),
    'runs.type': (args, { caller }) => parts.runs.type(args, caller),
    'runs.resume': (args, { caller }) => parts.runs.resume(args, caller),
    'questions.answer': (args, { caller }) => parts.answer(args, caller),
    'policies.list': () => ({ policies: parts.policies.list() }),
    'policies.add': (args, { caller }) => parts.policies.add(args, caller),
    'policies.remove': async ({ id }, { caller }) => {
      await parts.policies.remove(id, caller);
      return NOTHING;
    },
    'audit.list': (args) => parts.audit(args),
    'devices.list': (_args, { caller }) => parts.devices(caller),
    'push.subscribe': async (args, { caller }) => {
      await parts.push.subscribe(caller, args);
      return NOTHING;
    },
    'push.unsubscribe': async (_args, { caller }) => {
      await parts.push.unsubscribe(caller);
      return NOTHING;
    },
    'push.test': ({ device }, { caller }) => parts.push.test(caller, device ?? caller.id),
    'push.wishes': async (args, { caller }) => {
      await parts.push.wish(caller, args);
      return NOTHING;
    },
    'push.received': async ({ n }, { caller }) => {
      await parts.push.received(caller, n);
      return NOTHING;
    },
    'push.devices': (_args, { caller }) => parts.push.devices(caller),
    'phone.hello': ({ name, watching, protocol }, { caller }) => {
      if (protocol < 1) throw new ClawError('upgrade_required', `This daemon speaks protocol ${PROTOCOL_VERSION}, not ${protocol}.`);
      if (caller.kind === 'phone') caller.name = plainName(name) || caller.name;
      caller.watching = watching;
      parts.named(caller);
      return { protocol: PROTOCOL_VERSION, version: parts.version };
    },
  };
}

/** One line without control or direction characters: it is shown on other people's screens. */
const plainName = (name: string): string =>
  name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, 64);

function localHandlers(parts: Parts): {
  [C in Exclude<LocalCommandName, 'local.hello' | 'local.held'>]: (args: LocalArgs<C>, connection: ApiConnection) => Give<LocalResult<C>>;
} {
  return {
    ...parts.local,
    'runs.announce': async ({ run }) => {
      await parts.runs.announce(run);
      return NOTHING;
    },
    hook: async (args, { caller }) => {
      // What a hook says is shown on a card: no agent speaks for another's question.
      if (caller.insideRun !== null && caller.insideRun !== args.run) throw callerIsAgent(caller.insideRun, 'speak for another run');
      await parts.runs.hook(args);
      return NOTHING;
    },
  };
}

const callerIsAgent = (run: string, what: string): ClawError =>
  new ClawError('caller_is_agent', `caller_is_agent: this process belongs to run ${run}, which may not ${what}.`, {
    hint: 'Run it from a terminal of your own.',
  });

/** Codes that bad arguments get where the documents name one (security.md section 4); everything else is `bad_arguments`. */
const ARGUMENT_CODES: Record<string, (path: string) => [code: string, what: string] | null> = {
  'questions.answer': (path) => {
    if (path === 'ttlS') return ['bad_ttl', 'bad_ttl: the time to live must be whole seconds (1..3600)'];
    if (path.startsWith('choice')) return ['bad_choice', 'bad_choice: the choice is not understood'];
    return null;
  },
  'runs.subscribe': (path) => (path === 'from' ? ['bad_offset', 'bad_offset: the offset must be a whole number from 0'] : null),
  'runs.start': (path) => {
    if (path === 'cwd') return ['bad_cwd', 'bad_cwd: the working directory must be a path'];
    // Whoever may start an agent may not choose what its environment loads (BAD-59); a job has an environment file of its own.
    if (path === 'env' || path === 'environment' || path === 'environmentVariables') return ['env_not_allowed', `env_not_allowed: ${path}`];
    return null;
  },
};

export class Api implements Door {
  readonly #parts: Parts;
  readonly #verbs = new Map<string, Verb>();
  readonly #connections = new Set<ApiConnection>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const phone = handlers(parts);
    for (const name of Object.keys(COMMANDS) as CommandName[])
      this.#verbs.set(name, { grant: COMMANDS[name].grant, schema: COMMANDS[name].args, run: phone[name] as Verb['run'] });
    const local = localHandlers(parts);
    for (const name of Object.keys(local) as (keyof typeof local)[])
      this.#verbs.set(name, { grant: 'local', schema: LOCAL_COMMANDS[name].args, run: local[name] as Verb['run'] });
  }

  get output(): OutputSource {
    return this.#parts.output;
  }

  /** Lets a caller in. A phone gets the snapshot at once, then events; a local caller asks for what it wants, and hears the events too. */
  connect(caller: Caller, transport: Transport): ApiConnection {
    const connection = new ApiConnection(this, caller, transport);
    this.#connections.add(connection);
    if (caller.kind === 'phone') {
      const { snapshot, rest } = fitSnapshot(this.#parts.snapshot(), transport.maxBytes);
      connection.emit({ event: 'snapshot', data: { ...snapshot, seq: connection.seq + 1 } });
      for (const event of rest) connection.emit(event);
    }
    return connection;
  }

  publish(event: ProtocolEvent, audience: Audience = 'all'): void {
    for (const connection of this.#connections) {
      const { kind, insideRun } = connection.caller;
      if (insideRun === null && (audience === 'all' || kind === audience)) connection.emit(event);
    }
  }

  /** Is a person looking at one of that device's screens? */
  watching(device: string): boolean {
    return [...this.#connections].some(({ caller }) => caller.id === device && caller.watching);
  }

  get connections(): ReadonlySet<ApiConnection> {
    return this.#connections;
  }

  verb(name: string): Verb | undefined {
    return this.#verbs.get(name);
  }

  unsupported(name: string): ClawError {
    return new ClawError(
      'unsupported',
      `unsupported: “${plainName(name)}”; daemon ${this.#parts.version} speaks protocol ${PROTOCOL_VERSION}.`,
      {
        hint: 'Update the daemon.',
      },
    );
  }

  mayAsk(name: string, caller: Caller): ClawError | null {
    const grant = this.#verbs.get(name)?.grant;
    if (caller.insideRun !== null && !OPEN_TO_AGENTS.has(name)) return callerIsAgent(caller.insideRun, `use “${name}”`);
    const allowed = grant === 'local' ? caller.kind === 'desk' : caller.grants.has(grant as Grant);
    return allowed ? null : new ClawError('not_granted', `not_granted: this device may not use “${name}”.`);
  }

  badArguments(name: string, issue: v.BaseIssue<unknown>): ClawError {
    const path = (issue.path ?? []).map((item) => String(item.key)).join('.');
    const [code, what] = ARGUMENT_CODES[name]?.(path) ?? ['bad_arguments', `“${path || 'arguments'}” of ${name} is not what it should be`];
    return new ClawError(code, `${what}: expected ${issue.expected ?? 'another value'}.`);
  }

  onUnexpected(error: unknown, command: string): void {
    this.#parts.onUnexpected(error, command);
  }

  closed(connection: ApiConnection): void {
    this.#connections.delete(connection);
  }
}
