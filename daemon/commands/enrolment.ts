/** The link of this machine at the terminal: shown with its code, as a QR code too, and the match code asked for when a phone has used it. */
import { renderUnicodeCompact } from 'uqr';
import { ClawError } from '../../shared/errors.ts';
import type { LocalClient } from '../local/client.ts';
import { ask } from './ask.ts';
import { bold, say } from './print.ts';

/** What is printed must not be in a photo: secret and code stand together. */
export function showLink({ link, code }: { link: string; code: string }): void {
  say(`  ${link}\n`);
  if (process.stdout.isTTY) {
    const picture = renderUnicodeCompact(link, { border: 1 });
    const needed = picture.split('\n')[0]!.length;
    // Folded lines are no QR code.
    say((process.stdout.columns || 80) < needed ? `(A window of ${needed} columns shows it as a QR code too.)\n` : picture);
  }
  say(`Code of this machine, which the page may ask for: ${bold(code)}`);
}

/** Waits until the link has been used; asks for the match code where one is wanted. Throws `enrolment_*`. */
export async function awaitEnrolment(daemon: LocalClient): Promise<void> {
  const { state } = await daemon.call('account.enrolment', {});
  if (state === 'signed_in') return;
  for (;;) {
    const code = await ask('A phone has used the link. The six digits that your phone shows: ');
    try {
      await daemon.call('account.confirm', { code });
      return;
    } catch (error) {
      if (!(error instanceof ClawError) || error.code !== 'enrolment_no_match' || error.data?.left === 0) throw error;
      say(`${error.message} ${error.hint}`);
    }
  }
}
