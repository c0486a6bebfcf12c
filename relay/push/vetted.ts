/** Where a push may be sent: the host is resolved once, every address vetted, and the connection made to the vetted one, so that no second answer of the resolver leads elsewhere. */
import { lookup } from 'node:dns/promises';
import { isPublicAddress } from './address.ts';

/** The way to the internet; tests put a server of this machine behind public addresses. */
export interface PushNet {
  /** All addresses of a host. */
  resolve(host: string): Promise<readonly string[]>;
  /** Where to connect for a vetted address, and whom to trust there. */
  dial(address: string): { host: string; port: number; ca?: string };
}
export const internet: PushNet = {
  resolve: async (host) => (await lookup(host, { all: true })).map((a) => a.address),
  dial: (address) => ({ host: address, port: 443 }),
};

export async function vetted(host: string, net: PushNet, signal: AbortSignal): Promise<string | 'private_address' | 'unreachable'> {
  let addresses: readonly string[];
  try {
    addresses = await within(net.resolve(host), signal);
  } catch {
    return 'unreachable';
  }
  const [first] = addresses;
  if (first === undefined) return 'unreachable';
  // One private address among public ones is an attack or a mistake: neither is asked.
  return addresses.every(isPublicAddress) ? first : 'private_address';
}

export function within<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    task.then(resolve, reject);
  });
}
