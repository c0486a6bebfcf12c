/** The closing table of the long sessions: a row an agent, a column a count, and below it the counts that must be 0. */

/** Words above a column, by the name of its count. */
const HEADS = {
  asked: 'asked',
  answered: 'right',
  prompts: 'prompts',
  wrong: 'wrong',
  unfounded: 'false confirmed',
  denied: 'denied',
  doubled: 'doubled',
  lost: 'lost',
  stalled: 'stalled',
  refused: 'not typed, again',
  unconfirmed: 'unconfirmed',
  byItself: 'by itself',
  hidden: 'not on the card',
};

/** What the last `sum` line of an output holds (`test/agents/many/ledger.ts`); null where there is none. */
export function sumIn(output) {
  const line = output.match(/^sum \{.*\}$/gm)?.at(-1);
  return line === undefined ? null : JSON.parse(line.slice('sum '.length));
}

/** Its lines. An agent without a sum has a row that says so; its failure is counted by who ran it. */
export function table(rows) {
  const sums = rows.flatMap(({ sum }) => sum ?? []);
  const total = (key) => sums.reduce((all, { counts }) => all + counts[key], 0);
  const cell = (key, text) => `${text}`.padStart(Math.max(HEADS[key].length, 5));
  const line = (name, text) => [name.padEnd(18), ...Object.keys(HEADS).map((key) => cell(key, text(key)))].join('  ');
  const mustBeNone = Object.entries(Object.assign({}, ...sums.map((sum) => sum.mustBeNone)));
  return [
    line('', (key) => HEADS[key]),
    ...rows.map(({ name, sum }) => (sum === null ? `${name.padEnd(18)}  no figures` : line(sum.name, (key) => sum.counts[key]))),
    line('together', total),
    '',
    ...mustBeNone.map(([key, what]) => `${total(key) === 0 ? '  ok  ' : 'FAILED'} ${what}: ${total(key)} of ${total('asked')}  (goal: 0)`),
  ];
}
