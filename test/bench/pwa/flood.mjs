// Ten thousand coloured lines a second for some seconds. Started by the bench as a run.
const seconds = Number(process.argv[2]);
const start = Date.now();
let line = 0;
while (Date.now() - start < seconds * 1000) {
  const due = Math.floor((Date.now() - start) * 10);
  let text = '';
  for (; line < due; line++)
    text += `\x1b[32m✓\x1b[0m line ${line} of a build log of the usual length, nothing special \x1b[90m${line % 97} ms\x1b[0m\n`;
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(`done ${line}`);
await new Promise((resolve) => setTimeout(resolve, 4000));
