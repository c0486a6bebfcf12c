/** The detector while a question is being answered: which pages belong to it, and which are cards of their own. */
import { describe, expect, it } from 'vitest';
import type { ParsedQuestion } from '../../shared/question.ts';
import type { Reading } from '../agents/agent.ts';
import { Detector, type DetectorEvent, TIMING } from './detector.ts';

const { settleMs } = TIMING;
const ask = (text: string, kind: ParsedQuestion['kind'] = 'multiselect'): ParsedQuestion => ({
  kind,
  title: '',
  text,
  detail: '',
  options: [{ label: 'Go on', keys: ['enter'], default: true }],
  source: 'screen',
});
const q = (question: ParsedQuestion): Reading => ({ type: 'question', question });
const working: Reading = { type: 'state', state: { state: 'working' } };

describe('while the question is being answered', () => {
  const page = ask('Review', 'confirm');
  /** Read at 0, 500 and every 100 ms after; `cover` at 400, the last cover at `untilMs`. */
  const events = (covers: Parameters<Detector['cover']>[0], after: Reading, uncoverMs: number): string[] => {
    const detector = new Detector();
    const out: string[] = [];
    const tell = (all: readonly DetectorEvent[]) => {
      for (const event of all) {
        if (event.event === 'question') out.push(`${event.change} ${event.standing.question.text} @${event.atMs}`);
        if (event.event === 'closed') out.push(`${event.reason} ${event.qid} @${event.atMs}`);
      }
    };
    tell(detector.read(q(ask('Which checks?')), 0));
    tell(detector.tick(settleMs));
    detector.cover(covers);
    detector.input();
    for (let atMs = 500; atMs < 1500; atMs += 50) {
      if (atMs === uncoverMs) detector.cover(null);
      tell(detector.read(atMs < 1000 ? q(page) : after, atMs));
    }
    return out;
  };
  const asked = `new Which checks? @${settleMs}`;

  it('its pages are no cards of their own, and it is gone with the last of them', () => {
    expect(events('all', working, -1)).toEqual([asked, 'gone q1 @1100']);
    expect(events(page, working, -1)).toEqual([asked, 'gone q1 @1100']);
  });

  it('another page than the one that was answered is a card', () => {
    expect(events(ask('Which database?'), working, -1)).toEqual([asked, 'superseded q1 @550', 'new Review @550', 'gone q2 @1100']);
  });

  it('a page that stays after the answer is a card from then on', () => {
    expect(events(page, q(page), 1200)).toEqual([asked, 'superseded q1 @1250', 'new Review @1250']);
  });

  it('a question that comes when the agent has gone on is a card', () => {
    const detector = new Detector();
    detector.read(q(ask('Which checks?')), 0);
    detector.tick(settleMs);
    detector.cover('all');
    detector.input();
    detector.read(working, 500);
    detector.read(q(page), 520);
    expect(detector.tick(520 + settleMs).map((event) => event.event)).toEqual(['closed', 'question']);
  });

  it('that shows more of its rows since, and blinks after its Enter, is not asked again', () => {
    const detector = new Detector();
    const more: ParsedQuestion = { ...ask('Which checks?'), options: [...ask('').options, { label: 'Done', keys: ['enter'] }] };
    detector.read(q(ask('Which checks?')), 0);
    detector.tick(settleMs);
    detector.cover('all');
    detector.input();
    detector.read(q(more), 500);
    detector.cover(null);
    detector.renew();
    detector.read(null, 510);
    const events = [
      ...detector.read(q(more), 540),
      ...detector.tick(540 + settleMs),
      ...detector.read(working, 600),
      ...detector.tick(900),
    ];
    expect(events.filter(({ event }) => event !== 'state').map((each) => ('change' in each ? each.change : each.event))).toEqual([
      'rev',
      'closed',
    ]);
  });

  it('that is off the screen for half a second while keys go in is the same one', () => {
    const detector = new Detector();
    detector.read(q(ask('Which checks?')), 0);
    detector.tick(settleMs);
    detector.cover('all');
    detector.input();
    const events = [...detector.read(null, 500), ...detector.tick(900), ...detector.read(q(ask('Which checks?')), 1000)];
    expect([...events, ...detector.tick(1500)].filter(({ event }) => event !== 'state')).toEqual([]);
  });
});
