/** The product's version, from package.json, wherever this file was built to. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';

function read(): string {
  for (let dir = import.meta.dirname; dir !== path.dirname(dir); dir = path.dirname(dir)) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'));
      if (typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'clawtab' && 'version' in parsed)
        return String(parsed.version);
    } catch {
      // Not the package's folder: look one up.
    }
  }
  return '0.0.0';
}

export const VERSION = read();
