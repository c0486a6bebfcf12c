/**
 * A request's body as strict JSON: bounded while it is read, refused with the byte where it goes wrong, without duplicate or prototype
 * keys, then checked against the route's schema with errors that name the field.
 */
import { type JSONVisitor, visit } from 'jsonc-parser';
import * as v from 'valibot';
import { concat } from '../shared/bytes.ts';
import { ClawError } from '../shared/errors.ts';
import { LIMITS } from './limits.ts';

const refuse = (code: string, message: string, data?: Record<string, unknown>): never => {
  throw new ClawError(code, message, data === undefined ? {} : { data });
};
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** The body's bytes, never more than the limit in memory. Throws `too_large`, `body_required`, `content_type`, `encoding_not_supported`. */
export async function readBody(request: Request): Promise<Uint8Array> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') refuse('content_type', `The body must be application/json, not ${type.slice(0, 64) || 'untyped'}.`);
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.trim().toLowerCase() !== 'identity')
    refuse('encoding_not_supported', 'Compressed request bodies are not read.');
  const tooLarge = (): never => refuse('too_large', `The body is larger than ${LIMITS.bodyBytes} bytes.`, { limit: LIMITS.bodyBytes });
  if (Number(request.headers.get('content-length') ?? 0) > LIMITS.bodyBytes) tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  if (request.body) {
    for await (const part of request.body) {
      size += part.length;
      if (size > LIMITS.bodyBytes) tooLarge();
      parts.push(part);
    }
  }
  if (size === 0) refuse('body_required', 'The request needs a JSON body.');
  return concat(...parts);
}

/** Throws `bad_utf8`, `bad_json`, `too_deep`, `duplicate_key`, `forbidden_key`, `expected_object`. */
export function parseStrict(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  try {
    text = decoder.decode(bytes); // drops one byte-order mark
  } catch (cause) {
    throw new ClawError('bad_utf8', 'The body is not valid UTF-8.', { cause });
  }
  check(text, bytes.length - encoder.encode(text).length);
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('expected_object', 'The body must be a JSON object.');
  return value as Record<string, unknown>;
}

/** One pass without building anything: depth is known before it can hurt, and offsets are those of the first fault. */
function check(text: string, skipped: number): void {
  const byteAt = (offset: number): number => encoder.encode(text.slice(0, offset)).length + skipped;
  const keys: Set<string>[] = [];
  let depth = 0;
  const enter = (): void => {
    if (++depth > LIMITS.jsonDepth)
      refuse('too_deep', `The body is nested deeper than ${LIMITS.jsonDepth} levels.`, { limit: LIMITS.jsonDepth });
  };
  const string = (value: unknown): void => {
    if (typeof value === 'string' && !value.isWellFormed()) refuse('bad_utf8', 'A string in the body holds half of a surrogate pair.');
  };
  const visitor: JSONVisitor = {
    onObjectBegin() {
      enter();
      keys.push(new Set());
    },
    onObjectEnd() {
      depth--;
      keys.pop();
    },
    onArrayBegin: enter,
    onArrayEnd() {
      depth--;
    },
    onObjectProperty(name) {
      string(name);
      const shown = JSON.stringify(name.slice(0, 40));
      if (FORBIDDEN.has(name)) refuse('forbidden_key', `The key ${shown} is not allowed.`);
      const seen = keys.at(-1)!;
      if (seen.has(name)) refuse('duplicate_key', `The key ${shown} stands twice.`);
      seen.add(name);
    },
    onLiteralValue: string,
    onError(_error, offset) {
      const at = byteAt(offset);
      refuse('bad_json', `The body is not JSON: wrong at byte ${at}.`, { offset: at });
    },
  };
  visit(text, visitor, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
}

/** Names the first field that does not fit. `codes`: fields with a code of their own. */
export function checkFields<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  codes: Readonly<Record<string, string>> = {},
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? 'body';
  const field = path.slice(0, 60);
  if (issue.type === 'strict_object' && issue.expected === 'never') refuse('unknown_field', `unknown_field: ${field}`);
  const own = Object.keys(codes)
    .sort((a, b) => b.length - a.length)
    .find((name) => path === name || path.startsWith(`${name}.`));
  const allowed = issue.type === 'picklist' ? ` It is one of ${issue.expected}.` : '';
  return refuse(own ? codes[own]! : 'bad_field', `The field ${field} ${describe(issue)}.${allowed}`);
}

/** Never says what was received: it may be secret. */
function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.received === 'undefined') return 'is missing';
  if (issue.type === 'max_length' || issue.type === 'length') return 'has the wrong length';
  if (issue.kind === 'validation') return 'is not well formed';
  return issue.type === 'picklist'
    ? 'is not known'
    : `must be ${issue.expected === null ? 'of another type' : String(issue.expected).slice(0, 40)}`;
}
