/**
 * What every agent must be able to do: it asks, a card stands on the page, a tap does exactly that, and the effect is there (a file, a tool's
 * result at the model's end). Owns the scenarios; who plays them, and in which runs, is `live.ts`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import type { LiveAgent } from './live-agent.ts';
import type { Script, ToolResult } from './script.ts';

/** What a scenario sees of the world. Everything that waits throws after its patience. */
export interface Stage {
  agent: LiveAgent;
  workspace: string;
  /** Where the agent writes its file. */
  file: string;
  card(text: string | RegExp): Locator;
  /** The last result of the tools that this scenario's turns call. */
  result(): Promise<ToolResult>;
  /** The box in which an agent that is ready takes its next prompt. */
  reply(text: string): Promise<void>;
  /** The model is asked within that script. */
  asked(script: string): Promise<void>;
}

export interface Scenario {
  name: string;
  turns(agent: LiveAgent, stage: Pick<Stage, 'file'>): Script;
  /** The agent's turn is over after it: what follows needs a run of its own. */
  endsTurn?: true;
  play(stage: Stage): Promise<void>;
}

const DATABASES = ['PostgreSQL', 'MySQL', 'SQLite'];
const CHECKS = ['Lint', 'Types', 'Units'];
const CONTENT = 'one plain line\nanother plain line\n';

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const allow: Scenario = {
  name: 'allow once',
  turns: (agent) => [{ say: 'I will make a file.', calls: [agent.shell('touch allowed.txt')] }],
  async play({ agent, card, result, workspace }) {
    await card('touch allowed.txt').getByRole('button', { name: agent.buttons.allow }).click();
    must(!(await result()).isError, 'the tool failed');
    must(existsSync(join(workspace, 'allowed.txt')), 'the file is not there');
  },
};

const refuse: Scenario = {
  name: 'refuse',
  endsTurn: true,
  turns: (agent) => [{ say: 'I will make another file.', calls: [agent.shell('touch refused.txt')] }],
  async play({ agent, card, workspace }) {
    const button = card('touch refused.txt').getByRole('button', { name: agent.buttons.refuse });
    await button.click();
    await card('touch refused.txt').getByRole('status').filter({ hasText: 'Confirmed' }).waitFor();
    must(!existsSync(join(workspace, 'refused.txt')), 'the file is there');
  },
};

const APPEND = "import { appendFileSync } from 'node:fs';\nappendFileSync('always.txt', 'once more\\n');\n";
const alwaysOf = (agent: LiveAgent): string => agent.alwaysCommand ?? 'node append.mjs';

const always: Scenario = {
  name: 'allow always',
  turns: (agent) => [{ calls: [agent.shell(alwaysOf(agent))] }, { calls: [agent.shell(alwaysOf(agent))] }],
  async play({ agent, card, result, workspace }) {
    writeFileSync(join(workspace, 'append.mjs'), APPEND);
    // It widens rights: the page wants a second tap.
    const button = card(alwaysOf(agent)).getByRole('button', { name: agent.buttons.always });
    await button.click();
    await button.getByText('Tap again').waitFor();
    await button.click();
    // Both commands run by this one answer.
    must(!(await result()).isError, 'the tool failed');
    must(existsSync(join(workspace, 'always.txt')), 'the file is not there');
    must(
      agent.alwaysCommand !== undefined || readFileSync(join(workspace, 'always.txt'), 'utf8') === 'once more\nonce more\n',
      'it did not run twice',
    );
  },
};

const choice = (nth: number): Scenario => ({
  name: `choose ${nth + 1} of ${DATABASES.length}`,
  turns: (agent) => [{ calls: [agent.ask({ question: `Which database for table ${nth + 1}?`, labels: DATABASES })] }],
  async play({ card, result }) {
    await card(`Which database for table ${nth + 1}?`)
      .getByRole('button', { name: new RegExp(`^${DATABASES[nth]}`) })
      .click();
    const { content } = await result();
    const named = DATABASES.filter((label) => content.includes(label));
    must(named.join() === DATABASES[nth], `the agent told the model: ${content.slice(0, 200)}`);
  },
});

const ownWords: Scenario = {
  name: 'own words',
  turns: (agent) => [{ calls: [agent.ask({ question: 'Which database for logs?', labels: DATABASES })] }],
  async play({ agent, card, result }) {
    const asked = card('Which database for logs?');
    // The card takes no tap in its first moment.
    await asked.getByRole('button', { name: /^PostgreSQL/ }).click({ trial: true });
    if (agent.buttons.ownWords) await asked.getByRole('button', { name: agent.buttons.ownWords }).click();
    await asked.getByRole('textbox').fill('DuckDB, in a file of 7 MB');
    await asked.getByRole('button', { name: 'Send' }).click();
    const { content } = await result();
    must(content.includes('DuckDB, in a file of 7 MB'), `the agent told the model: ${content.slice(0, 200)}`);
  },
};

const several: Scenario = {
  name: 'choose several',
  turns: (agent) => [{ calls: [agent.askSeveral!({ question: 'Which checks before a commit?', labels: CHECKS })] }],
  async play({ card, result }) {
    const asked = card('Which checks before a commit?');
    for (const label of ['Lint', 'Units']) await asked.getByRole('checkbox', { name: new RegExp(`^${label}`) }).click();
    // A form of which the page knows every part is looked at once more before it is sent.
    const submit = asked.locator('button.main.wide');
    const review = asked.getByRole('button', { name: 'Review' });
    await submit.or(review).waitFor();
    if (await review.isVisible()) await review.click();
    await submit.click();
    const { content } = await result();
    const named = CHECKS.filter((label) => content.includes(label));
    must(named.join() === 'Lint,Units', `the agent told the model: ${content.slice(0, 200)}`);
  },
};

const write: Scenario = {
  name: 'write a file',
  turns: (agent, { file }) => [{ say: 'I will write it down.', calls: [agent.write(file, CONTENT)] }],
  async play({ agent, card, result, file }) {
    // The card holds what will be written, whole.
    await card('another plain line').getByRole('button', { name: agent.buttons.write }).click();
    await result();
    must(readFileSync(file, 'utf8').trimEnd() === CONTENT.trimEnd(), 'the file holds something else');
  },
};

const reply: Scenario = {
  name: 'next prompt',
  endsTurn: true,
  turns: () => [{ say: 'All of it is done. What shall I do next?' }],
  async play({ reply: answer, asked }) {
    await answer('SCRIPT:reply go');
    await asked('reply');
  },
};

/** In the order in which one run can play them: refusing and replying end a turn. */
export const SCENARIOS: readonly Scenario[] = [
  allow,
  ...DATABASES.map((_, nth) => choice(nth)),
  ownWords,
  several,
  write,
  refuse,
  always,
  reply,
];
