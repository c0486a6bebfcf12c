/** The relay as a process on Deno: `deno run -A --node-modules-dir=manual relay/main.deno.ts`. */
import { serve } from './adapter.deno.ts';
import { runRelay } from './runtime.ts';

await runRelay(serve);
