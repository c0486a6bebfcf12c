// npm start: builds what is stale, then relay, page and daemon on this machine (`clawtab up`).
import { spawn } from 'node:child_process';
import { buildStale } from './lib/build.mjs';
import { root } from './lib/say.mjs';

await buildStale();
const child = spawn(process.execPath, ['dist/daemon/cli.js', 'up', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
// Ctrl-C reaches the child too, which ends in order; this process only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
