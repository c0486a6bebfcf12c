/** Settings of this machine: `config.toml` in the state directory, all optional. Owns reading and the sentence for every mistake. */
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { ClawError } from '../shared/errors.ts';
import { PAIRINGS } from './pairing.ts';
import { DEFAULT_RETENTION, type Retention } from './runs/run-store.ts';
import { readPrivateFile, type State } from './state.ts';

const limit = (least: number, most: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)));

const SettingsSchema = v.strictObject({
  /** What phones see; the host name where absent. */
  name: v.optional(v.pipe(v.string(), v.maxLength(64))),
  /** How a phone that is new to the account gets in here; `auto` where absent. */
  pairing: v.optional(v.picklist(PAIRINGS)),
  /** Directories under which phones may start runs; the home directory where absent. */
  roots: v.optional(v.pipe(v.array(v.pipe(v.string(), v.startsWith('/'))), v.maxLength(32))),
  /** Output kept of each run, MiB; the oldest is dropped beyond it. 16 where absent. */
  outputMiB: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))),
  /** Finished runs kept: how many, for how many days, and MiB of them all; 500, 30 and 1024 where absent. */
  keep: v.optional(v.strictObject({ runs: limit(1, 100_000), days: limit(1, 3650), MiB: limit(1, 1 << 20) })),
});
export type Settings = v.InferOutput<typeof SettingsSchema>;

/** The part of a start request that settings decide. */
export const outputLimit = ({ outputMiB }: Settings): { logLimitBytes?: number } =>
  outputMiB === undefined ? {} : { logLimitBytes: outputMiB * 2 ** 20 };

/** Which finished runs stay. */
export const retentionOf = ({ keep = {} }: Settings): Retention => ({
  count: keep.runs ?? DEFAULT_RETENTION.count,
  ageMs: keep.days === undefined ? DEFAULT_RETENTION.ageMs : keep.days * 86_400_000,
  bytes: keep.MiB === undefined ? DEFAULT_RETENTION.bytes : keep.MiB * 2 ** 20,
  newest: DEFAULT_RETENTION.newest,
});

/** Throws `config_file` naming file, line and setting. */
export function readSettings(state: State): Settings {
  const bytes = readPrivateFile(state.config, 1 << 20);
  if (bytes === null) return {};
  const bad = (what: string): never => {
    throw new ClawError('config_file', `${state.config}: ${what}`, { hint: 'Mend or remove it, then try again.' });
  };
  let raw: unknown;
  try {
    raw = parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof TomlError) return bad(`line ${error.line}, column ${error.column}: ${error.message.split('\n')[0]}`);
    throw error;
  }
  const parsed = v.safeParse(SettingsSchema, raw);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const where = (issue.path ?? []).map((item) => String(item.key)).join('.');
  return bad(issue.expected === 'never' ? `there is no setting “${where}”` : `${where}: ${issue.message}`);
}
