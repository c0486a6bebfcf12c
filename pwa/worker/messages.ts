/** What the service worker and an open page tell each other. Nothing secret: both read the same store. */

export type ToPage =
  /** Show this address of the page. */
  | { type: 'open'; path: string }
  /** An answer was put into the outbox from a notification: take it up and send it. */
  | { type: 'outbox' }
  /** A push has arrived and was shown: the receipt for the test button. */
  | { type: 'push.arrived'; kind: string; machine: string };

/** What a shown notification remembers: its question, or that it is of the account. */
export interface NotificationData {
  machine: string;
  run?: string | undefined;
  qid?: string | undefined;
  rev?: number | undefined;
  digest?: string | undefined;
  security?: boolean;
  options?: { index: number; label: string; labelDigest: string }[];
}

export const pathOf = (data: NotificationData): string =>
  data.security ? '/devices' : data.qid ? `/q/${data.machine}/${data.qid}` : data.run ? `/run/${data.machine}/${data.run}` : '/';
