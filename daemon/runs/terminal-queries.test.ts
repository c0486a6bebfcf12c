import { describe, expect, it } from 'vitest';
import { QueryFilter } from './terminal-queries.ts';

const QUERIES = [
  '[c',
  '[>c',
  '[>0c',
  '[=c',
  '[5n',
  '[6n',
  '[?6n',
  '[?996n',
  '[?2026$p',
  '[4$p',
  '[?u',
  '[>q',
  '[>0q',
  '[14t',
  '[16t',
  '[18t',
  '[21t',
];
const STRINGS = [
  ']11;?\x07',
  ']10;?\x1b\\',
  ']4;1;?\x07',
  ']52;c;aGk=\x07',
  ']52;c;?\x1b\\',
  'P$qm\x1b\\',
  'P+q544e\x1b\\',
  '_Gi=31,a=q;AAAA\x1b\\',
];
const SHOWN = [
  '[31m',
  '[2J',
  '[1;5H',
  '[?1049h',
  '[?25l',
  '[>1u',
  '[<u',
  '[>4;2m',
  '[22;0;0t',
  '[?2026h',
  '[2 q',
  ']0;title\x07',
  ']8;;http://x\x1b\\',
  'P1;1q#0\x1b\\',
  '(B',
  '7',
];

describe('output shown again', () => {
  it.each([...QUERIES, ...STRINGS])('asks the terminal nothing: %j', (query) => {
    expect(new QueryFilter().feed(Buffer.from(`a\x1b${query}b`, 'latin1')).toString('latin1')).toBe('ab');
  });

  it.each(SHOWN)('is as it was: %j', (sequence) => {
    const text = `a\x1b${sequence}b\x05ä`;
    expect(new QueryFilter().feed(Buffer.from(text)).toString()).toBe(text.replace('\x05', ''));
  });

  it('wherever it is cut', () => {
    const text = `${[...QUERIES, ...STRINGS, ...SHOWN].map((sequence) => `x\x1b${sequence}`).join('')}end`;
    const bytes = Buffer.from(text, 'latin1');
    const whole = new QueryFilter().feed(bytes).toString('latin1');
    for (const size of [1, 2, 3, 7]) {
      const filter = new QueryFilter();
      let out = '';
      for (let at = 0; at < bytes.length; at += size) out += filter.feed(bytes.subarray(at, at + size)).toString('latin1');
      expect(out).toBe(whole);
    }
  });

  it('does not wait for ever for the end of a string', () => {
    const filter = new QueryFilter();
    const out = [filter.feed(Buffer.from('\x1b]0;')), filter.feed(Buffer.alloc(8192, 0x61)), filter.feed(Buffer.from('b'))];
    expect(Buffer.concat(out).length).toBe(4 + 8192 + 1);
  });
});
