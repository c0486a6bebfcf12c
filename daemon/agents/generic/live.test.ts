/** Real programs on a real pty: asked, read, answered, and what they then say they got. */
import { describe, expect, it } from 'vitest';
import type { Choice, ParsedQuestion } from '../../../shared/question.ts';
import { performChoice } from '../../questions/answering.ts';
import { labelDigest } from '../../questions/digest.ts';
import { Watcher } from '../../questions/watcher.ts';
import { spawnPty } from '../../runs/pty.ts';
import { agent } from './index.ts';

const LIMIT_MS = 20_000;

/** Runs `script` in bash, answers its questions in order, and gives what it printed last. `atDesk` is typed and seen before each answer. */
async function play(
  script: string,
  answers: readonly ((question: ParsedQuestion) => Choice)[],
  atDesk = '',
): Promise<{ questions: ParsedQuestion[]; last: string }> {
  const questions: ParsedQuestion[] = [];
  let wake = (): void => undefined;
  const watcher = new Watcher({
    agent,
    argv: [],
    cols: 80,
    rows: 24,
    onEvent: (event) => {
      if (event.event === 'question' && event.change === 'new') questions.push(event.standing.question);
      wake();
    },
  });
  let fed = Promise.resolve();
  const ended = new Promise<void>((resolve) => {
    pty = spawnPty({
      argv: ['/bin/bash', '-c', script],
      env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      cwd: '/',
      cols: 80,
      rows: 24,
      onData: (bytes) => {
        const copy = Uint8Array.from(bytes);
        fed = fed.then(() => watcher.feed(copy));
      },
      onExit: () => resolve(),
    });
  });
  for (const [n, choose] of answers.entries()) {
    while (questions.length <= n) await new Promise<void>((resolve) => (wake = resolve));
    const question = questions[n]!;
    if (atDesk !== '') pty.write(Buffer.from(atDesk));
    while (!watcher.view().lines().join('\n').includes(atDesk)) await watcher.changed();
    const result = await performChoice({
      agent,
      watcher,
      question,
      choice: choose(question),
      catchUp: async () => undefined,
      write: async (bytes) => pty.write(Buffer.from(bytes)),
    });
    expect(result).toMatchObject({ typed: true });
  }
  await ended;
  await fed;
  const last =
    watcher
      .view()
      .lines()
      .filter((line) => line !== '')
      .at(-1) ?? '';
  watcher.dispose();
  return { questions, last };
}
let pty: ReturnType<typeof spawnPty>;

const option =
  (index: number) =>
  (question: ParsedQuestion): Choice => ({ type: 'option', index, labelDigest: labelDigest(question.options[index]?.label ?? '') });
const text = (what: string) => (): Choice => ({ type: 'text', text: what });

describe('a program that asks', () => {
  it.each([
    ['a yes or no', 'read -p "Go on? [y/N] " a; echo "got $a"', [option(0)], 'got y'],
    [
      'a yes or no by a single key',
      'read -n1 -p "Go on? [y/N] " a; echo; read -t 0.5 b; echo "got $a and <$b>"',
      [option(1)],
      'got n and <>',
    ],
    ['for a line', 'read -p "Your name? " a; echo "got $a"', [text('Ada Lovelace')], 'got Ada Lovelace'],
    ['for a password', 'read -s -p "[sudo] password for dev: " a; echo; echo "got $(printf %s "$a" | wc -c)"', [text('hunter2')], 'got 7'],
    ['with a numbered list', 'select x in red green blue; do echo "got $x"; break; done', [option(2)], 'got blue'],
    ['the same twice', 'for i in 1 2; do read -p "Go on? [y/N] " a$i; done; echo "got $a1$a2"', [option(0), option(1)], 'got yn'],
  ] as const)(
    '%s gets exactly that answer',
    async (_, script, answers, last) => {
      const result = await play(script, answers);
      expect(result.last).toBe(last);
      expect(result.questions).toHaveLength(answers.length);
    },
    LIMIT_MS,
  );

  it.each([
    ['yes or no', 'read -p "Go on? [y/N] " a; echo "got $a"', option(0), 'got y'],
    ['a line', 'read -p "Your name? " a; echo "got $a"', text('Ada'), 'got Ada'],
    ['a number', 'select x in red green blue; do echo "got $x"; break; done', option(2), 'got blue'],
  ] as const)(
    'that has half an answer typed at the desk gets only the one from the phone: %s',
    async (_, script, answer, last) => {
      const { last: got } = await play(script, [answer], 'zx');
      expect(got).toBe(last);
    },
    LIMIT_MS,
  );

  it(
    'for a password never shows it, on the screen or on the card',
    async () => {
      const { questions } = await play('read -s -p "Password: " a; echo; echo ok', [text('hunter2')]);
      expect(JSON.stringify(questions)).not.toContain('hunter2');
      expect(questions[0]?.kind).toBe('password');
    },
    LIMIT_MS,
  );
});
