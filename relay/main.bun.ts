/** The relay as a process on Bun: `bun relay/main.bun.ts`. */
import { serve } from './adapter.bun.ts';
import { runRelay } from './runtime.ts';

await runRelay(serve);
