/**
 * A whole relay from its configuration: database, rooms, listener, in this order, and back. The runtime's listener is handed in; nothing
 * here knows which it is.
 */
import { basename, dirname, join } from 'node:path';
import { type App, createApp } from './app.ts';
import { Nonces } from './auth/nonce.ts';
import { PasswordHasher } from './auth/password-hash.ts';
import { quarantine } from './auth/policy.ts';
import { createRates } from './auth/rate.ts';
import { memoryRelayTokens } from './auth/relay-tokens.ts';
import { ReplayGuard } from './auth/replay.ts';
import { sessionReader } from './auth/sessions.ts';
import { createWaiters } from './auth/waiters.ts';
import { followCertificate } from './certificate.ts';
import { applyChange, followChanges } from './changes.ts';
import { Cluster } from './cluster.ts';
import { type RelayConfig, readTls } from './config.ts';
import { Hub } from './hub.ts';
import { errorFields, type Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { loadPage } from './page.ts';
import type { Parts } from './parts.ts';
import { createApns } from './push/apns.ts';
import { PUSH_HOSTS } from './push/endpoint.ts';
import { createPusher } from './push/forward.ts';
import { createVapid, keptVapidKey } from './push/vapid.ts';
import { internet, type PushNet } from './push/vetted.ts';
import { SocketDesk } from './sockets.ts';
import { type EmbeddedServer, startEmbedded } from './store/embedded.ts';
import { openStore } from './store/postgres.ts';

export interface Serving {
  port: number;
  /** Takes new certificate files into use for new connections. */
  renewTls(tls: { cert: string; key: string }): void;
  /** Stops listening; open requests and sockets go on. */
  stopListening(): void;
  /** Cuts what is still open; the sockets are the desk's to end. */
  close(): void;
}
/** A runtime's listener. Throws `address_in_use`, `config_listen`, `config_invalid`. */
export type Serve = (options: {
  app: App;
  desk: SocketDesk;
  host: string;
  port: number;
  trustProxy: number;
  tls: { cert: string; key: string } | null;
}) => Promise<Serving>;

export interface Runtime {
  serve: Serve;
  log: Log;
  version: string;
  /** Folder of the built page. */
  pageRoot: string;
  nowMs?: () => number;
  /** The way to the push services; only tests have another than the internet. */
  pushNet?: PushNet;
  /** Only tests have another: one that hears nothing from the database. */
  openStore?: typeof openStore;
}

export interface Relay {
  origin: string;
  port: number;
  parts: Parts;
  hub: Hub;
  /** Tells clients to come back, waits a little for what is under way, and ends. */
  drain(overMs?: number): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
}

/** How long clients are spread over when they are told to come back, ms, and how long the relay stays for them. */
const DRAIN_SPREAD_MS = 10_000;
const DRAIN_STAY_MS = 1_000;

/** Throws `config_*`, `address_in_use`, `unavailable`, `already_running`. */
export async function startRelay(config: RelayConfig, runtime: Runtime): Promise<Relay> {
  const { log, serve } = runtime;
  const tls = config.tls ? readTls(config.tls) : null;
  const undo: (() => Promise<unknown> | unknown)[] = [];
  const unwind = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const embedded: EmbeddedServer | null = config.databaseUrl === null ? await startEmbedded(config.stateDir) : null;
    if (embedded) undo.push(() => embedded.stop());
    const store = await (runtime.openStore ?? openStore)(config.databaseUrl, embedded?.options ?? {});
    undo.push(() => store.close());

    const nowMs = runtime.nowMs ?? Date.now;
    let origins: readonly string[] = config.publicOrigin === null ? [] : [config.publicOrigin];
    let draining = false;
    const nonces = new Nonces(nowMs);
    const hasher = new PasswordHasher();
    undo.push(() => hasher.close());
    const metrics = createMetrics();
    const vapid = await createVapid(config.vapid.privateKey ?? keptVapidKey(config.stateDir), config.vapid.subject, nowMs);
    const pushNet = runtime.pushNet ?? internet;
    const apns = config.apns && createApns(config.apns, pushNet, nowMs);
    if (apns) undo.push(() => apns.close());
    // Its library is a fifth of all code here, and most relays are alone.
    const bus = config.natsUrl === null ? null : await (await import('./bus.nats.ts')).openNats(config.natsUrl, log);
    if (bus) undo.push(() => bus.close());
    const ownTokens = memoryRelayTokens(config.limits.relayTokenS, nowMs);
    let cluster: Cluster | null = null;
    const parts: Parts = {
      version: runtime.version,
      origins: () => origins,
      pageOrigins: config.pageOrigins,
      store,
      limits: config.limits,
      rates: createRates(config.limits),
      proofs: { origins: () => origins, nonces, replays: new ReplayGuard(nowMs) },
      nonces,
      hasher,
      sessions: sessionReader(store, nowMs),
      relayTokens: ownTokens,
      waiters: createWaiters(config.limits.claimWaiters),
      push: createPusher({
        vapid,
        apns,
        hosts: config.pushHosts ?? PUSH_HOSTS,
        net: pushNet,
        metrics,
        log,
        nowMs,
      }),
      metrics,
      log,
      nowMs,
      draining: () => draining,
    };
    const hub = new Hub({
      joined: (member, epoch) => cluster?.joined(member, epoch),
      left: (member) => cluster?.left(member),
      flapping: (account, device) =>
        void quarantine({ account, device }, parts).catch((error: unknown) => log('error', 'quarantine_failed', errorFields(error))),
    });
    if (bus) {
      const joined = new Cluster({ bus, hub, tokens: ownTokens, log, apply: (change) => applyChange(change, parts, hub) });
      undo.push(() => joined.close());
      parts.relayTokens = joined.tokens();
      cluster = joined;
    }
    const desk = new SocketDesk(parts, hub);
    undo.push(() => desk.terminateAll());
    undo.push(() => desk.close());
    const changes = await followChanges(parts, hub, (change) => cluster?.tell(change));
    undo.push(() => changes.stop());

    const page = loadPage(runtime.pageRoot);
    if (!page) log('warn', 'page_not_built', { at: runtime.pageRoot });
    const app = createApp(parts, page);
    const { host, port } = config.listen;
    const serving = await serve({ app, desk, host, port, trustProxy: config.trustProxy, tls });
    undo.push(() => serving.close());
    if (config.tls && tls) {
      const { renewTls: renew } = serving;
      undo.push(followCertificate({ files: config.tls, current: tls, renew, everyMs: config.limits.tlsCheckMs, log }));
    }
    // A loopback default has two spellings, and a person types either.
    if (config.publicOrigin === null) origins = ['localhost', '127.0.0.1'].map((name) => `http://${name}:${serving.port}`);
    for (const warning of config.warnings) log('warn', 'config_warning', { warning });
    log('info', 'relay_started', { origin: origins[0], database: embedded ? 'embedded' : 'external', page: page !== null });
    return {
      origin: origins[0]!,
      port: serving.port,
      parts,
      hub,
      async drain(overMs = DRAIN_SPREAD_MS) {
        draining = true;
        serving.stopListening();
        desk.drain(overMs);
        await new Promise((r) => setTimeout(r, desk.size === 0 ? 0 : DRAIN_STAY_MS));
        await unwind();
        log('info', 'relay_stopped');
      },
      close: unwind,
    };
  } catch (error) {
    await unwind();
    throw error;
  }
}

/** Where the built page lies, seen from `dist/relay` or from the sources. */
export const builtPage = (here: string): string => join(here, basename(dirname(here)) === 'dist' ? '../pwa' : '../dist/pwa');
