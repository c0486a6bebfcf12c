// A chatty agent: coloured log lines at a steady rate.
//   node steady.mjs BYTES_PER_SECOND MS
const [rate, ms] = process.argv.slice(2).map(Number);
const EVERY_MS = 10;
const started = performance.now();
let written = 0;
let n = 0;
const timer = setInterval(() => {
  const due = ((performance.now() - started) / 1000) * rate;
  let text = '';
  while (written + text.length < due)
    text += `\x1b[2m12:00:${String(n % 60).padStart(2, '0')}\x1b[22m \x1b[3${1 + (n % 6)}mmodule ${n % 17}\x1b[39m step ${n++} of a build that goes on for a while\r\n`;
  written += text.length;
  process.stdout.write(text);
  if (performance.now() - started < ms) return;
  clearInterval(timer);
  setTimeout(() => process.exit(0), 200);
}, EVERY_MS);
