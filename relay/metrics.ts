/** Counters and gauges for `/metrics`. Names of what is counted, never whose it is. */
import { Counter, Gauge, Registry } from 'prom-client';

export interface Metrics {
  refused(code: string): void;
  requests(path: string, status: number): void;
  closed(code: number): void;
  pushed(outcome: string): void;
  text(): Promise<string>;
  /** Read when asked for, so that the hot path only counts in plain numbers. */
  readHub(read: () => HubFigures): void;
}
export interface HubFigures {
  sockets: number;
  greeting: number;
  frames: number;
  bytes: number;
  droppedFrames: number;
  droppedBytes: number;
}

export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const register = registers[0]!;
  const refusedCount = new Counter({
    name: 'clawtab_refused_total',
    help: 'Requests and frames refused, by code.',
    labelNames: ['code'],
    registers,
  });
  const requestCount = new Counter({
    name: 'clawtab_http_requests_total',
    help: 'HTTP requests, by route and status.',
    labelNames: ['path', 'status'],
    registers,
  });
  const closedCount = new Counter({
    name: 'clawtab_sockets_closed_total',
    help: 'Sockets closed, by code.',
    labelNames: ['code'],
    registers,
  });
  const pushedCount = new Counter({
    name: 'clawtab_pushes_total',
    help: 'Pushes forwarded, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  let read: () => HubFigures = () => ({ sockets: 0, greeting: 0, frames: 0, bytes: 0, droppedFrames: 0, droppedBytes: 0 });
  const gauge = (name: string, help: string, of: (f: HubFigures) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect: function (this: Gauge) {
        this.set(of(read()));
      },
    });
  };
  gauge('clawtab_sockets', 'Authenticated sockets.', (f) => f.sockets);
  gauge('clawtab_sockets_greeting', 'Sockets that have not said hello.', (f) => f.greeting);
  gauge('clawtab_frames_routed', 'Frames routed since the start.', (f) => f.frames);
  gauge('clawtab_bytes_routed', 'Bytes routed since the start.', (f) => f.bytes);
  gauge('clawtab_frames_dropped', 'Bulk frames dropped to a gap since the start.', (f) => f.droppedFrames);
  gauge('clawtab_bytes_dropped', 'Bulk bytes dropped to a gap since the start.', (f) => f.droppedBytes);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  return {
    refused: (code) => refusedCount.inc({ code }),
    requests: (path, status) => requestCount.inc({ path, status }),
    closed: (code) => closedCount.inc({ code }),
    pushed: (outcome) => pushedCount.inc({ outcome }),
    text: () => register.metrics(),
    readHub(from) {
      read = from;
    },
  };
}
