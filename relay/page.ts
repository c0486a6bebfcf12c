/**
 * The page's files, read once at start: small, known names, so no path of a request ever touches the disk. Hashed names are kept for ever by
 * browsers; the page itself and its service worker are asked for each time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { hsts, pageHeaders } from './reply.ts';

/** The answer for a path, or null where the page has no such file. `accepts`: the request's Accept-Encoding. */
export type Page = (path: string, method: string, origin: string, accepts?: string) => Response | null;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
/** Vite puts a hash into these names. */
const HASHED = /^\/assets\/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;
const FILE_BYTES = 8 * 1024 * 1024;

interface File {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
  cache: string;
  /** Made when they are first asked for: a start waits for none of them. */
  packed: Map<Encoding, Uint8Array<ArrayBuffer>>;
}

type Encoding = 'br' | 'gzip';
/** Brotli's next steps cost far more time than they save bytes. */
const BROTLI_QUALITY = 6;
const PACK_FROM_BYTES = 1024;

/** Nothing secret is ever in these files, so that their packed size tells nobody anything. */
function packed(file: File, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const known = file.packed.get(encoding);
  if (known) return known;
  const made = new Uint8Array(
    encoding === 'br'
      ? brotliCompressSync(file.bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } })
      : gzipSync(file.bytes, { level: 9 }),
  );
  file.packed.set(encoding, made);
  return made;
}

function encodingFor(file: File, accepts: string): Encoding | null {
  if (file.bytes.length < PACK_FROM_BYTES || !/^(?:text\/|application\/(?:json|manifest|wasm)|image\/svg)/.test(file.type)) return null;
  if (/\bbr\b/.test(accepts)) return 'br';
  return /\bgzip\b/.test(accepts) ? 'gzip' : null;
}

function load(root: string): Map<string, File> {
  const files = new Map<string, File>();
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const at = join(root, entry);
    const type = TYPES[extname(entry)];
    if (!type || !statSync(at).isFile() || statSync(at).size > FILE_BYTES) continue; // source maps and deployment files are not the page
    const path = `/${relative(root, at).split(sep).join('/')}`;
    if (path.startsWith('/etc/')) continue;
    const read = readFileSync(at);
    const bytes = new Uint8Array(read.buffer as ArrayBuffer, read.byteOffset, read.length); // not a copy: the page is 1.4 MB
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    files.set(path, {
      bytes,
      type,
      etag,
      cache: HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      packed: new Map(),
    });
  }
  return files;
}

/** Null where `root` holds no built page. Paths without a dot are the page's own places: all of them are `index.html`. */
export function loadPage(root: string): Page | null {
  if (!existsSync(join(root, 'index.html'))) return null;
  const files = load(root);
  return (path, method, origin, accepts = '') => {
    const file = files.get(path) ?? (/^\/[\w/-]{0,200}$/.test(path) ? files.get('/index.html') : undefined);
    if (!file) return null;
    const encoding = encodingFor(file, accepts);
    const bytes = encoding ? packed(file, encoding) : file.bytes;
    const headers = {
      ...pageHeaders(origin),
      ...hsts(origin),
      'Content-Type': file.type,
      'Cache-Control': file.cache,
      ETag: encoding ? file.etag.replace(/"$/, `-${encoding}"`) : file.etag,
      Vary: 'Accept-Encoding',
      'Content-Length': String(bytes.length),
      ...(encoding ? { 'Content-Encoding': encoding } : {}),
    };
    return new Response(method === 'HEAD' ? null : bytes, { headers });
  };
}
