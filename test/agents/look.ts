/** Shows a recording's screens as text, for who writes a reader: `npx tsx test/agents/look.ts FILE.cast SECOND… [--tones]`. */
import { readFileSync } from 'node:fs';
import { tone } from '../../daemon/agents/lib/lines.ts';
import { parseCast } from '../../daemon/replay.ts';
import { Screen } from '../../daemon/screen.ts';

const words = process.argv.slice(2);
const tones = words.includes('--tones');
const [file = '', ...seconds] = words.filter((word) => !word.startsWith('--'));
const { cols, rows, events } = parseCast(readFileSync(file, 'utf8'), file);
const screen = new Screen({ cols, rows });
const times = seconds.map(Number).sort((a, b) => a - b);

/** `column:colour` wherever the colour of the text changes; b for bold. */
function tonesOf(row: number, width: number): string {
  const out: string[] = [];
  let last = '';
  for (let col = 0; col < width; col++) {
    const cell = screen.view().cell(row, col);
    if (cell === undefined || cell.chars.trim() === '') continue;
    const now = `${tone(cell)}${cell.bold ? 'b' : ''}`;
    if (now !== last) out.push(`${col}:${now}`);
    last = now;
  }
  return out.join(' ');
}

function show(atS: number): void {
  const view = screen.view();
  const { row, col, visible } = view.cursor;
  const about = `cursor ${row},${col}${visible ? '' : ' hidden'}${view.alternate ? ', alternate screen' : ''}${view.title ? `, “${view.title}”` : ''}`;
  process.stdout.write(`--- ${atS} s, ${about}\n`);
  view.lines().forEach((line, at) => {
    process.stdout.write(`${String(at).padStart(2)}|${line}${tones && line !== '' ? `   ‹${tonesOf(at, view.cols)}›` : ''}\n`);
  });
}

async function main(): Promise<void> {
  for (const { atMs, type, data } of events) {
    while (times[0] !== undefined && times[0] * 1000 < atMs) show(times.shift()!);
    const size = type === 'r' ? /^(\d+)x(\d+)$/.exec(data) : null;
    if (size) screen.resize(Number(size[1]), Number(size[2]));
    if (type === 'o') await screen.feed(data);
  }
  for (const atS of times) show(atS);
}

await main();
