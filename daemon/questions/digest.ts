/**
 * What a card's identity covers: SHA-256 over the question exactly as displayed. Computed by the daemon alone (Node); the phone echoes the
 * digests it was given, it never computes them.
 */
import { createHash } from 'node:crypto';
import type { ParsedQuestion } from '../../shared/question.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/**
 * SHA-256 (hex) over kind, title, text, detail and option labels. The highlight and the ticks are not part of it, nor is the label of a
 * text field: it turns into what somebody types there.
 */
export function questionDigest(question: ParsedQuestion): string {
  const labels = question.options.map((option) => (option.freeText === true ? null : option.label));
  return sha256(JSON.stringify([question.kind, question.title, question.text, question.detail, labels]));
}

/** First 16 hex digits of SHA-256 of a label, sent with each option so that a list that changed order is noticed. */
export function labelDigest(label: string): string {
  return sha256(label).slice(0, 16);
}
