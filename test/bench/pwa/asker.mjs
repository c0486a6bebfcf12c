// Asks again and again, each time with the moment in the question, and notes when an answer arrives. Started by the bench as a run.
import { appendFileSync } from 'node:fs';

const [rounds, file] = [Number(process.argv[2]), process.argv[3]];
process.stdin.setRawMode?.(true);
process.stdin.resume();
for (let round = 1; round <= rounds; round++) {
  await new Promise((resolve) => setTimeout(resolve, 700));
  const answered = new Promise((resolve) => process.stdin.once('data', () => resolve(Date.now())));
  process.stdout.write(`\r\nOverwrite file ${round}-${Date.now()}.txt? [y/N] `);
  appendFileSync(file, `${round} ${await answered}\n`);
  process.stdout.write('\r\n\r\nok\r\n\r\n');
}
