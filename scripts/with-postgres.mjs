// node scripts/with-postgres.mjs COMMAND [ARGUMENT…]: starts a PostgreSQL such as an operator has (TCP, password, ordinary role) on a free port, runs the command
// with DATABASE_URL naming it, and stops it. The exit code is the command's.
import { register } from 'tsx/esm/api';
import { fail, run, say } from './lib/say.mjs';

const argv = process.argv.slice(process.argv[2] === '--' ? 3 : 2);
if (argv.length === 0) fail('no command given', 'node scripts/with-postgres.mjs npm test -- relay', 2);

const unregister = register();
const { startTestPostgres } = await import('../relay/store/test-postgres.ts');
const server = await startTestPostgres();
let code = 1;
try {
  await server.admin`alter role clawtab createdb`;
  say(`PostgreSQL on 127.0.0.1:${new URL(server.url).port}`);
  ({ code } = await run(argv[0], argv.slice(1), { env: { DATABASE_URL: server.url } }));
} finally {
  await server.remove();
  await unregister();
}
process.exit(code);
