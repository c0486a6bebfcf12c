/** A count on the command line. */
import { InvalidArgumentError } from 'commander';

/** @throws commander's InvalidArgumentError, which names the option */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It takes a whole number from 1.');
  return Number(text);
}
