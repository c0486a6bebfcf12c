/** What the cards of Continue hold beside their options: the tool, all of its argument, who typed what. Over the recordings of this folder. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replayFile } from '../../replay.ts';
import { loadAgents } from '../registry.ts';

const agents = await loadAgents();
const LONG =
  'for name in alpha beta gamma delta epsilon zeta eta theta; do echo "one line about $name" >> notes-about-letters.txt; done && wc -l notes-about-letters.txt';

async function questions(name: string) {
  const events = await replayFile(join(import.meta.dirname, 'recordings', name, 'session.cast'), agents, agents.byName('continue'));
  return events.flatMap((event) => (event.event === 'question' && event.kind !== 'idle' ? [event] : []));
}

it.each([
  ['shell--enter@80x24', { kind: 'permission', title: 'Bash', detail: 'touch recorded.txt', detailKind: 'command' }],
  ['long-shell--esc@48x40', { kind: 'permission', title: 'Bash', detail: LONG, detailKind: 'command' }],
  ['long-shell--down-enter-truecolor@100x30', { kind: 'permission', title: 'Bash', detail: LONG, detailKind: 'command' }],
  [
    'write--down-down-enter@100x30',
    { title: 'Write(notes.txt)', detail: 'New file content:\none plain line\nanother plain line', detailKind: 'text' },
  ],
  ['write--enter@40x16', { detail: '[… the beginning is above the screen]\none plain line\nanother plain line' }],
  ['choice--enter@48x40', { kind: 'choice', text: 'Which database for the orders?', freeText: { option: null } }],
  [
    'long-choice--down-down-enter@44x34',
    { text: 'How should the accounts table be carried over to the new schema, given that orders keep coming in all the time?' },
  ],
])('the card of %s holds it whole', async (name, holds) => {
  expect((await questions(name))[0]).toMatchObject(holds);
});

it('only the row that widens rights wants a second tap', async () => {
  const [question] = await questions('shell--enter@80x24');
  expect(question!.options.map((option) => option.dangerous === true)).toEqual([false, true, false]);
});

it('the options stay on the card while somebody types an answer of their own', async () => {
  const shown = await questions('choice--words@100x30');
  expect(new Set(shown.map(({ qid }) => qid)).size).toBe(1);
  expect(new Set(shown.map(({ options }) => options.map(({ label }) => label).join()))).toEqual(new Set(['PostgreSQL,SQLite,DynamoDB']));
  // Six letters must go before the arrow up brings the rows back.
  expect(shown.at(-1)!.options[2]!.keys).toEqual([...Array.from({ length: 6 }, () => 'backspace'), 'up', 'enter']);
});
