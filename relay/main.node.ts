#!/usr/bin/env node
/** The relay as a process on Node. */
import { serve } from './adapter.node.ts';
import { runRelay } from './runtime.ts';

await runRelay(serve);
