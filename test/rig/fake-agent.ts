/** The fake agent's plan and its log, from the test's side. What it does is in fake-agent.mjs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const FAKE_AGENT = resolve(import.meta.dirname, 'fake-agent.mjs');

export interface FakeQuestion {
  nonce: string;
  style: 'list' | 'numbers' | 'yesno';
  options: number;
  /** Lines of work before it. */
  lines?: number;
  /** Painted anew this often, unchanged. */
  repaintMs?: number;
  /** Each repaint stands erased for so long, as where a busy machine holds the agent up. */
  erasedMs?: number;
  /** Taken back after so long, answered or not; any question at SIGUSR1. */
  swapMs?: number;
}

export interface FakePlan {
  log: string;
  questions?: readonly FakeQuestion[];
  pauseMs?: number;
  print?: { lines: number; atOnce: number; everyMs: number };
  /** Printed in every line of work. */
  canary?: string;
}

export interface LogEntry {
  atMs: number;
  pid?: number;
  asked?: string;
  stdin?: string;
  nonce?: string | null;
  answered?: string;
  option?: number;
  swapped?: string;
  done?: boolean;
  printed?: number;
}

/** argv of the fake agent with that plan, which is written beside its log. */
export function fakeAgent(plan: FakePlan): string[] {
  const file = `${plan.log}.plan`;
  writeFileSync(file, JSON.stringify(plan));
  return [process.execPath, FAKE_AGENT, `@${file}`];
}

export function readLog(file: string): LogEntry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogEntry);
}
