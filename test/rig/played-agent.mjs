// Plays a recording on this terminal up to a moment, at once, and stays: what a real agent showed, for pictures of its card.
//   played-agent.mjs FILE.cast SECONDS
// It starts as soon as the terminal has the recording's size; input is read and ignored; a signal ends it.
import { readFileSync } from 'node:fs';

const [header, ...events] = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const untilS = Number(process.argv[3]);
let played = false;

function play() {
  const [cols, rows] = process.stdout.getWindowSize();
  if (played || cols !== header.width || rows !== header.height) return;
  played = true;
  for (const [atS, kind, text] of events) if (kind === 'o' && atS <= untilS) process.stdout.write(text);
}

process.stdin.setRawMode(true);
process.stdin.resume();
process.stdout.on('resize', play);
play();
