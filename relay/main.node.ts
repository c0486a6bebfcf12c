#!/usr/bin/env node
/** The relay as a process on Node. Everything else is loaded when V8 knows how to load it. */
import { startSmall } from './memory.node.ts';

const started = startSmall();
const [{ serve }, { runRelay }] = await Promise.all([import('./adapter.node.ts'), import('./runtime.ts')]);
await runRelay(serve, started);
