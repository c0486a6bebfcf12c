/**
 * The one error type and the one table of stable codes. A row gives the WebSocket close code, the HTTP status, the CLI exit code and the
 * default way out; the sentence itself names the thing and is written where the error is raised.
 */

/** CLI exit codes, documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  auth: 4,
  network: 5,
  conflict: 6,
  permission: 7,
  bug: 70,
  notFound: 127,
  interrupted: 130,
} as const;

interface Row {
  http: number;
  close: number;
  exit: number;
  hint?: string;
}
const row = (http: number, close: number, exit: number, hint?: string): Row =>
  hint === undefined ? { http, close, exit } : { http, close, exit, hint };

/** Prefixes and exact codes; the longest match wins, so that `proof_htu` falls under `proof_`. */
const TABLE: Record<string, Row> = {
  internal: row(500, 4500, EXIT.bug, 'Try again; if it stays, report the request id.'),
  busy: row(503, 4429, EXIT.network, 'Try again in a moment.'),
  draining: row(503, 4503, EXIT.network, 'The relay restarts; clients come back by themselves.'),
  unavailable: row(503, 4503, EXIT.network, 'The relay cannot reach its database; try again.'),
  auth_unavailable: row(503, 4503, EXIT.network, 'The relay cannot reach its database; try again.'),
  rate_limited: row(429, 4429, EXIT.network, 'Wait for the time in Retry-After.'),
  body_required: row(400, 4400, EXIT.usage),
  bad_: row(400, 4400, EXIT.usage),
  bad_frame: row(400, 4400, EXIT.bug),
  bad_envelope: row(400, 4400, EXIT.bug),
  bad_signature: row(401, 4401, EXIT.auth),
  expected_object: row(400, 4400, EXIT.usage),
  unknown_field: row(400, 4400, EXIT.usage),
  forbidden_key: row(400, 4400, EXIT.usage),
  duplicate_key: row(400, 4400, EXIT.usage),
  too_deep: row(400, 4400, EXIT.usage),
  too_large: row(413, 4413, EXIT.usage),
  headers_too_large: row(431, 4413, EXIT.usage),
  encoding_not_supported: row(415, 4400, EXIT.usage, 'Send the body as plain JSON.'),
  content_type: row(415, 4400, EXIT.usage, 'Send Content-Type: application/json.'),
  kdf_out_of_range: row(400, 4400, EXIT.usage),
  private_key_refused: row(400, 4400, EXIT.usage, 'Send only the public key; make a new key, since this one has travelled.'),
  missing_token: row(401, 4401, EXIT.auth, 'Sign in.'),
  use_dpop: row(401, 4401, EXIT.auth),
  use_dpop_nonce: row(401, 4401, EXIT.auth),
  wrong_token_type: row(401, 4401, EXIT.auth),
  malformed_token: row(401, 4401, EXIT.auth),
  token_: row(401, 4401, EXIT.auth, 'Sign in again on this device.'),
  relay_token_: row(401, 4401, EXIT.auth),
  proof_: row(401, 4401, EXIT.auth),
  wrong_password: row(401, 4401, EXIT.auth, 'Check the e-mail address and the password.'),
  login_required: row(401, 4401, EXIT.auth, 'Run `clawtab login`.'),
  fresh_login_required: row(403, 4403, EXIT.auth, 'Enter the password again.'),
  quarantined: row(403, 4403, EXIT.auth, 'Sign in again on this device.'),
  revoked: row(403, 4403, EXIT.auth, 'This device was removed; sign in to add it again.'),
  origin_not_allowed: row(403, 4403, EXIT.auth),
  not_granted: row(403, 4403, EXIT.permission),
  not_found: row(404, 4404, EXIT.failed),
  peer_offline: row(404, 4404, EXIT.network),
  method_not_allowed: row(405, 4400, EXIT.usage),
  request_timeout: row(408, 4408, EXIT.network),
  hello_timeout: row(408, 4408, EXIT.network),
  hello_expected: row(400, 4400, EXIT.bug),
  already_authenticated: row(400, 4400, EXIT.bug),
  slow_consumer: row(408, 4408, EXIT.network),
  replaced: row(409, 4409, EXIT.conflict, 'The same device connected again; the newer connection stays.'),
  exists: row(409, 4409, EXIT.conflict, 'Sign in instead.'),
  list_: row(409, 4409, EXIT.auth),
  upgrade_required: row(426, 4426, EXIT.config, 'Update ClawTab on both ends.'),
  binary_only: row(400, 4400, EXIT.bug),
  too_many_fragments: row(400, 4400, EXIT.bug),
  enrolment_: row(403, 4403, EXIT.auth),
  e2e_: row(400, 4400, EXIT.auth),
  // Inside the seal and at the CLI.
  session_gone: row(404, 4404, EXIT.failed),
  question_gone: row(409, 4409, EXIT.conflict),
  question_changed: row(409, 4409, EXIT.conflict, 'Look at the card again: it shows the question as it stands now.'),
  already_answered: row(409, 4409, EXIT.conflict),
  answer_id_conflict: row(409, 4409, EXIT.conflict),
  journal_unavailable: row(503, 4500, EXIT.failed, 'Free some disk space in the state directory.'),
  agent_not_reading: row(409, 4409, EXIT.failed),
  caller_is_agent: row(403, 4403, EXIT.permission),
  text_not_allowed: row(400, 4400, EXIT.usage),
  control_chars_not_allowed: row(400, 4400, EXIT.usage),
  too_long: row(400, 4400, EXIT.usage),
  prompt_too_long: row(400, 4400, EXIT.usage),
  empty_prompt: row(400, 4400, EXIT.usage),
  env_not_allowed: row(400, 4400, EXIT.usage),
  already_stopped: row(200, 4400, EXIT.ok),
  unsupported: row(400, 4400, EXIT.usage),
  usage: row(400, 4400, EXIT.usage),
  unknown_command: row(400, 4400, EXIT.usage),
  interrupted: row(400, 4400, EXIT.interrupted),
  config_: row(500, 4500, EXIT.config),
  state_: row(500, 4500, EXIT.config),
  permission_: row(403, 4403, EXIT.permission),
  service_failed: row(500, 4500, EXIT.failed),
  already_running: row(409, 4409, EXIT.conflict),
  address_in_use: row(500, 4500, EXIT.network),
  not_running: row(503, 4503, EXIT.network, 'Start it with `clawtab daemon start`.'),
  relay_unreachable: row(503, 4503, EXIT.network),
  redirect_refused: row(502, 4500, EXIT.network),
  insecure_url: row(400, 4400, EXIT.config),
  agent_not_found: row(404, 4404, EXIT.notFound),
  agent_not_executable: row(403, 4403, EXIT.notFound),
  push_bad_: row(400, 4400, EXIT.usage),
};
const KEYS = Object.keys(TABLE).sort((a, b) => b.length - a.length);

/** The table's row for `code`; an unknown code counts as `internal`. */
export function errorRow(code: string): Row {
  const key = KEYS.find((k) => k === code) ?? KEYS.find((k) => k.endsWith('_') && code.startsWith(k));
  return TABLE[key ?? 'internal']!;
}

export interface ErrorBody {
  code: string;
  message: string;
  hint?: string;
  /** Facts a program can use: `retryAfterS`, `limit`, `by`, `at`. Never a secret. */
  data?: Record<string, unknown>;
}

/** An expected failure: a stable code, one sentence that names the thing, the way out. */
export class ClawError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: string, message: string, more: { hint?: string; data?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'ClawError';
    this.code = code;
    this.hint = more.hint ?? errorRow(code).hint;
    this.data = more.data;
  }

  body(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.data === undefined ? {} : { data: this.data }),
    };
  }

  static from(body: ErrorBody): ClawError {
    return new ClawError(body.code, body.message, {
      ...(body.hint === undefined ? {} : { hint: body.hint }),
      ...(body.data === undefined ? {} : { data: body.data }),
    });
  }
}

/** Any thrown thing as a ClawError; an unexpected one becomes `internal` with its cause kept for the log. */
export function asClawError(thrown: unknown): ClawError {
  return thrown instanceof ClawError ? thrown : new ClawError('internal', 'Something unexpected went wrong.', { cause: thrown });
}
