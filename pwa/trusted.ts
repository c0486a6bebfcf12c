/**
 * The page's one Trusted Types policy: script addresses, and of those only the two that the build made. Nothing else on the page may turn text
 * into script, which the relay's Content-Security-Policy holds it to.
 */
import kdfWorker from './account/kdf.worker.ts?worker&url';

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
}

const SERVICE_WORKER = '/sw.js';
const OWN = new Set([SERVICE_WORKER, new URL(kdfWorker, location.href).pathname]);

function checked(text: string): string {
  const url = new URL(text, location.href);
  if (url.origin !== location.origin || !OWN.has(url.pathname)) throw new TypeError(`${url.href} is no script of this page`);
  return text;
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const policy = factory?.createPolicy('clawtab', { createScriptURL: checked });

/** Typed as string because that is what the platform's declarations know; with Trusted Types it is a TrustedScriptURL. */
const trusted = (url: string): string => (policy ? (policy.createScriptURL(url) as string) : checked(url));

export const serviceWorkerUrl = (): string => trusted(SERVICE_WORKER);
export const kdfWorkerUrl = (): string => trusted(kdfWorker);
