// npm run film: a question being answered on a phone, by the real product, as docs/recording.gif.
import { buildStale } from './lib/build.mjs';
import { findChromium } from './lib/chromium.mjs';
import { run } from './lib/say.mjs';

const chromium = await findChromium();
await buildStale();
const { code } = await run(process.execPath, ['--import', 'tsx', 'test/film.ts'], { env: { CLAWTAB_CHROMIUM: chromium } });
process.exit(code);
