/**
 * The enrolment link of a machine, taken out of the address at once. Nothing happens with it until a person has seen the machine's name and
 * confirmed (security.md T-20). The relay is never taken from an address.
 */
import { signal } from '@preact/signals';
import type { EnrolmentOffer } from '../../shared/enrolment.ts';
import { asClawError } from '../../shared/errors.ts';
import { report } from '../state.ts';

/** The machine that waits for a yes. */
export const offered = signal<EnrolmentOffer | null>(null);

/** A machine that has been signed in and asks its person for these six digits before it takes the account. */
export const matching = signal<{ machine: string; name: string; code: string } | null>(null);

/** Reads the fragment and removes it from address bar and history before anything else can see it. */
export async function takeOfferFromAddress(): Promise<void> {
  const { hash } = location;
  if (!hash) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  await takeOffer(hash);
}

/** A link that somebody pasted. False where there is no offer in it. */
export async function takeOffer(text: string): Promise<boolean> {
  try {
    const { parseEnrolmentLink } = await import('../../shared/enrolment.ts');
    const offer = await parseEnrolmentLink(text);
    if (!offer) return false;
    offered.value = offer;
    return true;
  } catch (error) {
    report(asClawError(error));
    return false;
  }
}
