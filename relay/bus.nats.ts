/** The bus on core NATS: the only file that knows its library. It comes back by itself; what could not be sent meanwhile is gone. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { ClawError } from '../shared/errors.ts';
import type { Bus } from './bus.ts';
import type { Log } from './log.ts';

const FIRST_MS = 5_000;
/** A server that answers neither of two pings is gone: found after at most three times this, ms. */
const PING_MS = 1_000;
const RETRY_MS = 250;

/** Throws `unavailable` where nothing answers, `config_invalid` where the server wants other credentials. */
export async function openNats(url: string, log: Log): Promise<Bus> {
  const at = new URL(url);
  let nc: NatsConnection;
  try {
    nc = await connect({
      servers: at.host,
      ...(at.username ? { user: decodeURIComponent(at.username), pass: decodeURIComponent(at.password) } : {}),
      ...(at.protocol === 'tls:' ? { tls: {} } : {}),
      name: 'clawtab-relay',
      noEcho: true,
      timeout: FIRST_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_MS,
      reconnectJitter: RETRY_MS,
      ignoreAuthErrorAbort: true,
    });
  } catch (cause) {
    const refused = cause instanceof Error && /authorization/i.test(`${cause.name} ${cause.message}`);
    if (refused)
      throw new ClawError('config_invalid', 'NATS_URL: the server refuses these credentials.', {
        hint: 'For example NATS_URL=nats://user:password@host:4222',
        cause,
      });
    throw new ClawError('unavailable', `NATS_URL: nothing answers at ${at.host}.`, {
      hint: 'Start nats-server there, or correct the address.',
      cause,
    });
  }
  let up = true;
  let tell = (_up: boolean): void => undefined;
  const change = (now: boolean): void => {
    if (up === now) return;
    up = now;
    log(now ? 'info' : 'warn', now ? 'bus_up' : 'bus_down');
    tell(now);
  };
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect' || type === 'staleConnection' || type === 'close') change(false);
      else if (type === 'reconnect') change(true);
    }
  })();
  return {
    publish(subject, payload) {
      if (up && !nc.isClosed()) nc.publish(subject, payload);
    },
    subscribe(subject, heard) {
      const subscription = nc.subscribe(subject, {
        callback: (error, msg) => {
          if (!error) heard(msg.data.slice(), (payload) => void msg.respond(payload));
        },
      });
      return () => subscription.unsubscribe();
    },
    async ask(subject, payload, timeoutMs) {
      if (!up) return null;
      try {
        return (await nc.request(subject, payload, { timeout: timeoutMs })).data;
      } catch {
        return null; // nobody there, or nobody who knows
      }
    },
    onState(told) {
      tell = told;
      told(up);
    },
    async close() {
      if (up) await nc.flush().catch(() => undefined);
      await nc.close();
    },
  };
}
