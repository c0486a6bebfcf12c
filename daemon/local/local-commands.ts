/** What only a process on this machine may ask: the daemon itself, its account, agents' hooks. Same shape as COMMANDS of shared/protocol.ts. */
import * as v from 'valibot';

const None = v.strictObject({});
const Short = v.pipe(v.string(), v.maxLength(4096));

export const DaemonStatusSchema = v.strictObject({
  pid: v.number(),
  version: v.string(),
  startedAt: v.number(),
  stateDir: v.string(),
  device: v.string(),
  account: v.nullable(v.strictObject({ id: v.string(), origin: v.string(), words: v.string(), epoch: v.number(), devices: v.number() })),
  relay: v.strictObject({ state: v.string(), message: v.optional(v.string()), code: v.optional(v.string()) }),
  phones: v.number(),
  runs: v.number(),
  questions: v.number(),
  warnings: v.array(v.string()),
});
export type DaemonStatus = v.InferOutput<typeof DaemonStatusSchema>;

export const LOCAL_COMMANDS = {
  /** First message of a caller. `challenge`: a file to open and keep open until `local.held` is answered. */
  'local.hello': {
    args: v.strictObject({ pid: v.number(), version: v.string() }),
    result: v.strictObject({ challenge: v.nullable(v.string()) }),
  },
  'local.held': { args: None, result: v.strictObject({ run: v.nullable(v.string()) }) },
  'daemon.status': { args: None, result: DaemonStatusSchema },
  'daemon.stop': { args: None, result: None },
  /**
   * Offers this daemon for enrolment at a relay and waits for it in the background. `code` belongs beside the link. `confirm`: what comes is taken only after
   * `account.confirm`; so it is anyway where `pairing` is `qr`.
   */
  'account.enrol': {
    args: v.strictObject({ origin: Short, confirm: v.optional(v.boolean()) }),
    result: v.strictObject({ link: Short, code: v.string(), device: v.string() }),
  },
  /** Answered when somebody has used the link. */
  'account.enrolment': { args: None, result: v.strictObject({ state: v.picklist(['signed_in', 'confirm']) }) },
  /** The six digits that the phone shows. */
  'account.confirm': { args: v.strictObject({ code: v.pipe(v.string(), v.maxLength(32)) }), result: None },
  /** Another process has written the account files: read them again and reconnect. */
  'account.reload': { args: None, result: None },
  /** `was`: it had been signed in. `removed`: the relay has taken it off the account's list. */
  'account.logout': { args: None, result: v.strictObject({ was: v.boolean(), removed: v.boolean() }) },
  /** Phones that stand on the account's list and are not approved here (pairing.ts). */
  'devices.waiting': { args: None, result: v.strictObject({ devices: v.array(v.string()) }) },
  'devices.approve': { args: v.strictObject({ device: v.string() }), result: v.strictObject({ device: v.string() }) },
  'devices.remove': { args: v.strictObject({ device: v.string() }), result: None },
  /** A run that was started by `clawtab run`: look after it from now on. */
  'runs.announce': { args: v.strictObject({ run: v.string() }), result: None },
  /** An agent's own hook speaks about the run it belongs to. */
  hook: { args: v.strictObject({ run: v.string(), event: v.pipe(v.string(), v.maxLength(128)), payload: v.unknown() }), result: None },
} as const;
export type LocalCommandName = keyof typeof LOCAL_COMMANDS;
export type LocalArgs<C extends LocalCommandName> = v.InferOutput<(typeof LOCAL_COMMANDS)[C]['args']>;
export type LocalResult<C extends LocalCommandName> = v.InferOutput<(typeof LOCAL_COMMANDS)[C]['result']>;

/** What a process inside an agent's own run may ask. Everything else is refused: an agent does not answer its own question. */
export const OPEN_TO_AGENTS: ReadonlySet<string> = new Set(['local.hello', 'local.held', 'daemon.status', 'runs.announce', 'hook']);
