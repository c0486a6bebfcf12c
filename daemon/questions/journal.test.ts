import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Verdict } from '../../shared/protocol.ts';
import { AnswerJournal } from './journal.ts';

let dir: string;
let notes: string[];
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ct-journal-'));
  fs.chmodSync(dir, 0o700);
  notes = [];
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const open = (nowMs?: () => number) => AnswerJournal.open(dir, (text) => notes.push(text), nowMs);
const file = () => path.join(dir, 'answers.jsonl');
const entry = (id: string) => ({ id, content: `content of ${id}`, run: 'r', qid: `q-${id}`, by: 'phone' });
const verdict = (id: string, word: Verdict['verdict']): Verdict => ({
  answerId: id,
  run: 'r',
  qid: `q-${id}`,
  verdict: word,
  message: 'm',
});

async function threeAnswers(): Promise<void> {
  const journal = open();
  await journal.intent(entry('a'));
  await journal.typed('a');
  await journal.verdict(verdict('a', 'confirmed'));
  await journal.intent(entry('b'));
  await journal.typed('b');
  await journal.intent(entry('c'));
  journal.close();
}

describe('the answer journal', () => {
  it('remembers verdicts over a restart', async () => {
    await threeAnswers();
    expect(open().find('a')).toMatchObject({ content: 'content of a', verdict: { verdict: 'confirmed', message: 'm' } });
    expect(notes).toEqual([]);
  });

  it('calls an answer unknown whose keys may or may not have been written when the daemon died', async () => {
    await threeAnswers();
    const journal = open();
    expect(journal.find('c')?.verdict?.verdict).toBe('unknown');
    expect(journal.inDoubt.map(({ qid }) => qid)).toEqual(['q-c']);
    expect(journal.find('b')?.verdict?.verdict).toBe('typed_unconfirmed');
    expect(journal.damaged).toBe(false);
  });

  it('survives a cut at every byte, sets the file aside and forgets no whole line before the cut', async () => {
    await threeAnswers();
    const whole = fs.readFileSync(file());
    const lineEnds = [...whole.toString('latin1').matchAll(/\n/g)].map((match) => match.index + 1);
    for (let length = 0; length < whole.length; length++) {
      for (const name of fs.readdirSync(dir)) fs.rmSync(path.join(dir, name));
      fs.writeFileSync(file(), whole.subarray(0, length), { mode: 0o600 });
      notes = [];
      const journal = open();
      const atLineEnd = length === 0 || lineEnds.includes(length) || lineEnds.includes(length + 1);
      expect(journal.damaged, `cut at ${length}`).toBe(!atLineEnd);
      expect(notes.length, `cut at ${length}`).toBe(atLineEnd ? 0 : 1);
      if (length > lineEnds[2]!) expect(journal.find('a')?.verdict?.verdict).toBe('confirmed');
      // What is written behind the damage is readable again; checked at the ends of lines and at some places between.
      if (!atLineEnd && length % 40 !== 0) continue;
      await journal.intent(entry('later'));
      journal.close();
      expect(open().find('later')?.verdict?.verdict).toBe('unknown');
    }
  });

  it('notices a flipped byte anywhere and never makes a typed answer untyped', async () => {
    await threeAnswers();
    const whole = fs.readFileSync(file());
    for (let at = 0; at < whole.length; at += 7) {
      for (const name of fs.readdirSync(dir)) fs.rmSync(path.join(dir, name));
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 0x01;
      fs.writeFileSync(file(), flipped, { mode: 0o600 });
      expect(open().damaged, `byte ${at}`).toBe(true);
    }
  });

  it('keeps what a newer version wrote, aside, and says so', async () => {
    await threeAnswers();
    const { createHash } = await import('node:crypto');
    const json = JSON.stringify({ v: 2, anything: true });
    fs.appendFileSync(file(), `${createHash('sha256').update(json).digest('base64url').slice(0, 11)} ${json}\n`);
    const journal = open();
    expect(journal.damaged).toBe(true);
    expect(notes[0]).toContain('newer version');
    expect(fs.readdirSync(dir).some((name) => name.includes('.newer-'))).toBe(true);
    expect(journal.find('a')?.verdict?.verdict).toBe('confirmed');
  });

  it('refuses, typing nothing, where it cannot be written, and goes on when it can', async () => {
    fs.mkdirSync(file());
    const journal = AnswerJournal.open(path.join(dir, 'missing'), () => undefined);
    await expect(journal.intent(entry('a'))).rejects.toMatchObject({ code: 'journal_unavailable' });
    expect(journal.find('a')).toBeUndefined();
    fs.mkdirSync(path.join(dir, 'missing'), { mode: 0o700 });
    await journal.intent(entry('a'));
    expect(journal.find('a')).toBeDefined();
    journal.close();
  });

  it('forgets answers that are older than any resend can be', async () => {
    let now = Date.now();
    const journal = open(() => now);
    await journal.intent(entry('old'));
    await journal.verdict(verdict('old', 'confirmed'));
    journal.close();
    now += 25 * 3600_000;
    expect(open(() => now).find('old')).toBeUndefined();
  });

  it('refuses a file that others can read, with the line that mends it', async () => {
    await threeAnswers();
    fs.chmodSync(file(), 0o644);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'permission_state_mode', hint: expect.stringContaining('chmod 600') }));
  });
});
