/**
 * Token buckets in this node's memory, so that they work without the database. Keys are networks and accounts, never what a header claims;
 * how the client's address is found is net.ts.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ClawError } from '../../shared/errors.ts';
import type { Limits } from '../limits.ts';

export interface Rates {
  /** Every request, by network. Throws `rate_limited`, as all of these do. */
  request(network: string): Promise<void>;
  register(network: string): Promise<void>;
  /** `known`: the device's key is the account's own already; strangers must not be able to lock it out. */
  login(network: string, email: string, known: () => Promise<boolean>): Promise<void>;
  relayToken(device: string): Promise<void>;
  push(account: string): Promise<void>;
}

async function take(limiter: RateLimiterMemory, key: string, what: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    const retryAfterS = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
    throw new ClawError('rate_limited', `Too many ${what}.`, { data: { retryAfterS } });
  }
}

export function createRates(limits: Limits): Rates {
  const bucket = (points: number, duration: number, keyPrefix: string): RateLimiterMemory =>
    new RateLimiterMemory({ points, duration, keyPrefix });
  const requests = bucket(limits.requestsPerMinute, 60, 'q');
  const registers = bucket(limits.registerPerHour, 3600, 'r');
  const perIp = bucket(limits.loginPerIpMinute, 60, 'li');
  const perPair = bucket(limits.loginPerMinute, 60, 'lp');
  const perAccount = bucket(limits.loginPerHour, 3600, 'la');
  const relayTokens = bucket(limits.relayTokenPerMinute, 60, 't');
  const pushes = bucket(limits.pushPerMinute, 60, 'p');
  return {
    request: (network) => take(requests, network, 'requests'),
    register: (network) => take(registers, network, 'new accounts from this network'),
    async login(network, email, known) {
      await take(perIp, network, 'sign-ins from this network');
      await take(perPair, `${email} ${network}`, 'sign-ins');
      const account = await perAccount.get(email);
      if (account && account.remainingPoints <= 0 && (await known())) return;
      await take(perAccount, email, 'sign-ins');
    },
    relayToken: (device) => take(relayTokens, device, 'relay tokens for this device'),
    push: (account) => take(pushes, account, 'pushes'),
  };
}
