/** What a holder is told on its standard input by whoever starts it. Not on the command line and not on disk: it carries the environment. */
export interface HolderSpec {
  id: string;
  /** The run's folder; made by the starter. */
  dir: string;
  socket: string;
  name: string;
  argv: string[];
  /** The agent's whole environment. */
  env: Record<string, string>;
  cwd: string;
  agent: string | null;
  job: string | null;
  who: string;
  parent: string | null;
  cols: number;
  rows: number;
  localTerminal: boolean;
  labels: Record<string, string>;
  logLimitBytes: number;
  /** Asciicast file to record into, absolute; null for none. */
  record: string | null;
}

/** The holder's one line on standard output, once the agent runs or could not be started. */
export type HolderReady = { ok: true; run: import('./holder-protocol.ts').RunRecord } | { ok: false; code: string; message: string };
