// The child of the latency measurement: prints the monotonic clock, in nanoseconds, just before each write, at uneven intervals so that no timer can hide.
//   node writer.mjs COUNT
const count = Number(process.argv[2]);
let done = 0;
function write() {
  // As long as a short line of an agent; the stamp is its last part, so that it has arrived when the line has.
  process.stdout.write(`line ${done} of work that an agent does @${process.hrtime.bigint()}@\r\n`);
  if (++done < count) setTimeout(write, 5 + ((done * 7919) % 17));
  else setTimeout(() => process.exit(0), 200);
}
setTimeout(write, 300);
