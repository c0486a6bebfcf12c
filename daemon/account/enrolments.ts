/**
 * The one link that this machine has out: who asked for it, what has come for it, and whether somebody here must first type what the phone shows. Nothing is pinned
 * before that. Waiting at the relay is enrol.ts's, what a membership does is account.ts's.
 */
import { sameDigits } from '../../shared/enrolment.ts';
import { ClawError } from '../../shared/errors.ts';
import type { DeviceKey } from './device-key.ts';
import { type Enrolled, type Enrolment, offerEnrolment } from './enrol.ts';

/** A link whose match code is asked for is for somebody who stands there now, ms. As long as the relay keeps what a page left. */
const CONFIRM_WITHIN_MS = 10 * 60_000;
/** A slip of the finger is forgiven twice. */
const TRIES = 3;

export interface EnrolmentsOptions {
  device(): DeviceKey;
  machineName(): string;
  adopt(enrolled: Enrolled): void;
  /** Something has come and waits for its match code. */
  onWaiting(): void;
  onTrouble(message: string): void;
}

interface Out extends Enrolment {
  origin: string;
  confirm: boolean;
  came: Enrolled | null;
  tries: number;
  timer: ReturnType<typeof setTimeout> | null;
}
type Came = { state: 'signed_in' | 'confirm' };

export class Enrolments {
  readonly #options: EnrolmentsOptions;
  #out: Out | null = null;
  #waiting: { resolve(came: Came): void; reject(error: ClawError): void }[] = [];

  constructor(options: EnrolmentsOptions) {
    this.#options = options;
  }

  /** The same link for as long as nobody used it: a second `clawtab up` must not make the first one's paper worthless. */
  async offer(origin: string, confirm: boolean): Promise<{ link: string; code: string }> {
    if (this.#out && this.#out.origin === origin && this.#out.confirm === confirm && !this.#out.came) return this.#out;
    const { device, machineName, onTrouble } = this.#options;
    let out: Out | null = null;
    // What comes for a link counts on that link's terms, and only while it is the one that is out.
    const onEnrolled = (enrolled: Enrolled): void => {
      if (out !== null && this.#out === out) this.#came(out, enrolled);
    };
    const made = await offerEnrolment(origin, device(), { name: machineName(), confirm }, { onEnrolled, onTrouble });
    this.cancel();
    out = {
      ...made,
      origin,
      confirm,
      came: null,
      tries: TRIES,
      timer: confirm ? setTimeout(() => this.cancel(), CONFIRM_WITHIN_MS) : null,
    };
    this.#out = out;
    return out;
  }

  /** Resolves when somebody has used the link. Throws `enrolment_over` when it has run out. */
  wait(): Promise<Came> {
    if (!this.#out) return Promise.reject(over());
    if (this.#out.came) return Promise.resolve({ state: 'confirm' });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Takes what has come if `digits` are those that the phone shows. Throws `enrolment_no_match`, after the last try for good; `enrolment_over`. */
  confirm(digits: string): void {
    const out = this.#out;
    if (!out?.came) throw over();
    if (sameDigits(digits, out.came.match)) {
      const enrolled = out.came;
      this.cancel();
      this.#options.adopt(enrolled);
      return;
    }
    out.tries--;
    const left = out.tries;
    if (left <= 0) this.cancel();
    throw new ClawError('enrolment_no_match', 'These are not the six digits that belong to what has come for this machine.', {
      hint:
        left > 0
          ? `Type what your phone shows (${left} more).`
          : 'Nothing was taken. Has somebody else used the link? Print a new one where nobody looks: clawtab login --qr',
      data: { left },
    });
  }

  cancel(): void {
    const out = this.#out;
    this.#out = null;
    out?.cancel();
    if (out?.timer) clearTimeout(out.timer);
    for (const { reject } of this.#waiting.splice(0)) reject(over());
  }

  #came(out: Out, enrolled: Enrolled): void {
    if (out.confirm) {
      out.came = enrolled;
      this.#options.onWaiting();
    } else {
      if (out.timer) clearTimeout(out.timer);
      this.#out = null;
      this.#options.adopt(enrolled);
    }
    for (const { resolve } of this.#waiting.splice(0)) resolve({ state: out.confirm ? 'confirm' : 'signed_in' });
  }
}

const over = (): ClawError =>
  new ClawError('enrolment_over', 'There is no link of this machine that waits.', { hint: 'Print a new one: clawtab login --qr' });
