/** What a verify or bench program prints: options from its command line, figures with their goals, one closing line. */
import { cpus } from 'node:os';

export interface Options {
  seed: number;
  quick: boolean;
  json: boolean;
  /** `--explain` and the like. */
  flag(name: string): boolean;
  /** `--count=N` and the like. */
  number(name: string, full: number, quick: number): number;
}

export function options(argv: readonly string[] = process.argv.slice(2)): Options {
  const named = (name: string): number | undefined => {
    const word = argv.find((w) => w.startsWith(`--${name}=`));
    const value = word === undefined ? undefined : Number(word.slice(name.length + 3));
    if (value !== undefined && !Number.isFinite(value)) throw new Error(`--${name} takes a number`);
    return value;
  };
  const quick = argv.includes('--quick');
  return {
    seed: named('seed') ?? 20261124,
    quick,
    json: argv.includes('--json'),
    flag: (name) => argv.includes(`--${name}`),
    number: (name, full, small) => named(name) ?? (quick ? small : full),
  };
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((sorted.length * p) / 100) - 1))] ?? Number.NaN;
}

/** `p50 12 · p95 30 · p99 41 · max 55 ms (n)` */
export const spread = (values: readonly number[]): string =>
  values.length === 0
    ? 'none measured'
    : `${['50', '95', '99'].map((p) => `p${p} ${Math.round(percentile(values, Number(p)))}`).join(' · ')} · max ${Math.round(Math.max(...values))} ms (${values.length})`;

export class Figures {
  readonly #name: string;
  readonly #json: boolean;
  readonly #rows: { figure: string; value: string | number; goal?: string; ok: boolean }[] = [];

  constructor(name: string, { seed, json }: Options) {
    this.#name = name;
    this.#json = json;
    if (!json) process.stdout.write(`${name}: seed ${seed}, Node ${process.version}, ${cpus().length} cores\n`);
  }

  /** A figure that has a goal. */
  gate(figure: string, value: string | number, goal: string, ok: boolean): void {
    this.#row({ figure, value, goal, ok });
  }

  /** A figure to know. */
  note(figure: string, value: string | number): void {
    this.#row({ figure, value, ok: true });
  }

  #row(row: { figure: string; value: string | number; goal?: string; ok: boolean }): void {
    this.#rows.push(row);
    if (this.#json) return;
    const mark = row.goal === undefined ? '      ' : row.ok ? '  ok  ' : 'FAILED';
    process.stdout.write(`${mark} ${row.figure}: ${row.value}${row.goal === undefined ? '' : `  (goal: ${row.goal})`}\n`);
  }

  /** Prints the last line and sets the exit code. */
  end(): void {
    const gates = this.#rows.filter((row) => row.goal !== undefined);
    const failed = gates.filter((row) => !row.ok).length;
    if (this.#json) process.stdout.write(`${JSON.stringify({ [this.#name]: this.#rows })}\n`);
    else process.stdout.write(`${gates.length - failed} passed, ${failed} failed\n`);
    process.exitCode = failed > 0 ? 1 : 0;
  }
}
