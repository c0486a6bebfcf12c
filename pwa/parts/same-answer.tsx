/**
 * "The same to these": after an answer, other waiting cards that ask in the same words can be given the same one. Each is named with what it is
 * about; options that widen rights are never offered; each goes out as an answer of its own.
 */
import { useState } from 'preact/hooks';
import type { Question } from '../../shared/protocol.ts';
import { answer } from '../client.ts';
import { type Asked, waiting } from '../state.ts';
import { oneLine } from '../text/visible.ts';
import { mayAnswer } from './answer-state.ts';
import { titleOf } from './question-card.tsx';
import { useTapGuard } from './tap-guard.ts';
import { Text } from './text.tsx';

/** How long after an answer it is offered, ms. */
const OFFERED_MS = 20_000;
const DETAIL_CHARS = 160;

interface Same {
  asked: Asked;
  index: number;
}

/** Cards that may get what `given` got: same kind, same title, an option with exactly that label, and short enough to be read whole here. */
export function sameAnswers(given: Asked, others: readonly Asked[]): Same[] {
  const choice = given.answer?.answer.choice;
  const label = choice?.type === 'option' && choice.text === undefined ? given.question.question.options[choice.index]?.label : undefined;
  if (label === undefined) return [];
  const { kind, title } = given.question.question;
  return others.flatMap((asked) => {
    const { question } = asked.question;
    const index = question.options.findIndex((o) => o.label === label && !o.dangerous && !o.freeText && !o.submit);
    const fits = question.kind === kind && question.title === title && !question.form && question.detail.length <= DETAIL_CHARS;
    return index >= 0 && fits && mayAnswer(asked) && asked.answer === null ? [{ asked, index }] : [];
  });
}

/** The newest answer of this device that is young enough. */
const newestGiven = (all: readonly Asked[], nowMs: number): Asked | undefined =>
  all.filter((a) => a.answer && nowMs - a.answer.createdAtMs < OFFERED_MS).sort((a, b) => b.answer!.createdAtMs - a.answer!.createdAtMs)[0];

const labelOf = (question: Question, index: number): string => question.question.options[index]?.label ?? '';

/** What is offered now, or null. */
export interface SameOffer {
  same: readonly Same[];
  /** Another where the offer has changed. */
  key: string;
  decline(): void;
}

export function useSameOffer(all: readonly Asked[], nowMs: number): SameOffer | null {
  const [declined, setDeclined] = useState<string | null>(null);
  const given = newestGiven(all, nowMs);
  const same = given ? sameAnswers(given, waiting.value) : [];
  if (!given || same.length === 0 || declined === given.answer!.answerId) return null;
  const key = same.map((s) => `${s.asked.question.qid}/${s.asked.question.rev}`).join();
  return { same, key, decline: () => setDeclined(given.answer!.answerId) };
}

export function SameAnswer({ offer: { same, key, decline } }: { offer: SameOffer }) {
  const guard = useTapGuard(key);
  const label = labelOf(same[0]!.asked.question, same[0]!.index);
  const send = (): void => {
    if (!guard.admits()) return;
    for (const { asked, index } of same) {
      const labelDigest = asked.question.labelDigests[index] ?? '';
      void answer(asked.machine.id, asked.question, { type: 'option', index, labelDigest }, label);
    }
  };
  return (
    <section class="panel" aria-label="Same answer">
      <p>
        <strong>
          “<Text value={oneLine(label, 60)} />” to {same.length === 1 ? 'this one' : `these ${same.length}`} too?
        </strong>
      </p>
      <ul class="stack tight">
        {same.map(({ asked }) => (
          <li key={asked.question.qid} class="small">
            <Text
              value={oneLine(`${asked.question.runName}: ${asked.question.question.detail || titleOf(asked)}`, DETAIL_CHARS + 80)}
              class="mono"
            />
          </li>
        ))}
      </ul>
      <div class="line">
        <button type="button" class="button main slim" aria-disabled={guard.closed ? 'true' : undefined} onClick={send}>
          Same answer
        </button>
        <button
          type="button"
          class="button plain slim"
          aria-disabled={guard.closed ? 'true' : undefined}
          onClick={() => guard.admits() && decline()}
        >
          One by one
        </button>
      </div>
    </section>
  );
}
