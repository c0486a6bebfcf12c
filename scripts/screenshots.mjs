// npm run screenshots: every screen in every size and theme, written to docs/screens/.
import { buildStale } from './lib/build.mjs';
import { findChromium } from './lib/chromium.mjs';
import { run } from './lib/say.mjs';

const chromium = await findChromium();
await buildStale();
const { code } = await run(process.execPath, ['--import', 'tsx', 'test/screens.ts'], { env: { CLAWTAB_CHROMIUM: chromium } });
process.exit(code);
