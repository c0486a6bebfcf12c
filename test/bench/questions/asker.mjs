// Asks again and again, each time with the monotonic clock, in nanoseconds, in the last thing it paints; takes each question back after a while, as an agent
// does whose prompt was answered elsewhere.
//   node asker.mjs COUNT [FLOOD_MB]: with FLOOD_MB, so much output goes before each question.
const [count, floodMb = 0] = process.argv.slice(2).map(Number);
/** Behind a flood the reader may be a while behind: then it stands for longer. */
const STANDS_MS = floodMb > 0 ? 3000 : 400;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const out = (text) => new Promise((resolve) => process.stdout.write(text, resolve));
const stamp = () => `@${process.hrtime.bigint()}@`;

/** Each paints its prompt in one or two writes and says how many rows it covers. */
const PROMPTS = [
  async (n) => {
    await out(`Do you want to run step ${n}?\r\n\x1b[36m❯ 1. Yes\x1b[39m\r\n`);
    await out(`  2. Yes, and do not ask again\r\n  3. No ${stamp()}\r\n\r\nEsc to cancel\r\n`);
    return 6;
  },
  async (n) => {
    await out(`? Which way for step ${n}?\r\n\x1b[36m❯ By rail\x1b[39m\r\n  By road\r\n  On foot ${stamp()}\r\n`);
    return 4;
  },
  async (n) => {
    await out(`\r\nOverwrite file ${n} ${stamp()}? [y/N] `);
    return 0;
  },
];

process.stdin.setRawMode?.(true);
process.stdin.resume();
for (let n = 0; n < count; n++) {
  // Uneven, so that no timer of the reader can hide.
  await pause(150 + ((n * 7919) % 211));
  if (floodMb > 0) {
    const lines = Array.from(
      { length: 700 },
      (_, i) => `\x1b[32mline ${i}\x1b[39m of work that an agent does and prints as it goes along, at length\r\n`,
    ).join('');
    for (let written = 0; written < floodMb * 1e6; written += lines.length) await out(lines);
  } else await out(`working on part ${n}\r\nand on another\r\n`);
  await out(n % PROMPTS.length < 2 ? '\x1b[?25l' : '');
  const rows = await PROMPTS[n % PROMPTS.length](n);
  await pause(STANDS_MS);
  await out(rows > 0 ? `\x1b[${rows}A\r\x1b[J\x1b[?25h` : '\r\x1b[K');
  await out(`part ${n} is done\r\n`);
}
await pause(300);
process.exit(0);
