/** Questions that take several answers: a list of ticks, or the pages of a form with a review before anything is sent. */
import { useEffect, useState } from 'preact/hooks';
import type { ParsedQuestion, QuestionOption } from '../../shared/question.ts';
import { clearDraft, draft, setDraft } from '../store/drafts.ts';
import { visibleText } from '../text/visible.ts';
import { Icon } from './icon.tsx';
import type { AnswerProps } from './option-list.tsx';
import { useTapGuard } from './tap-guard.ts';
import { Text, Visible } from './text.tsx';

interface Pick {
  label: string;
  description?: string | undefined;
}

const ticked = (multi: boolean, on: boolean) =>
  multi ? { role: 'checkbox' as const, 'aria-checked': on } : { role: 'radio' as const, 'aria-checked': on };

function Ticks({
  options,
  picked,
  multi,
  closed,
  toggle,
}: {
  options: readonly Pick[];
  picked: ReadonlySet<number>;
  multi: boolean;
  closed: boolean;
  toggle(index: number): void;
}) {
  const rows = options.map((option, index) => (
    <button
      key={`${index}:${option.label}`}
      type="button"
      class="option"
      {...ticked(multi, picked.has(index))}
      aria-label={visibleText(option.label)}
      aria-disabled={closed ? 'true' : undefined}
      onClick={() => !closed && toggle(index)}
    >
      <Text value={option.label} />
      {option.description && (
        <span class="said">
          <Text value={option.description} />
        </span>
      )}
      <span class="end">
        <span class={multi ? 'tick' : 'tick round'}>
          <Icon name="check" small />
        </span>
      </span>
    </button>
  ));
  return multi ? (
    <fieldset class="options" aria-label="Answers">
      {rows}
    </fieldset>
  ) : (
    <div class="options" role="radiogroup" aria-label="Answers">
      {rows}
    </div>
  );
}

function toggled(set: ReadonlySet<number>, index: number, multi: boolean): ReadonlySet<number> {
  if (!multi) return new Set([index]);
  const next = new Set(set);
  if (!next.delete(index)) next.add(index);
  return next;
}

/** Which rows stand beside the boxes without one: they answer alone ("Chat about this"). Where no row shows a box, all of them are ticks. */
function actionsOf(options: readonly QuestionOption[]): (option: QuestionOption) => boolean {
  const boxed = options.some((option) => option.checked !== undefined);
  return (option) => boxed && option.checked === undefined && !option.submit && !option.freeText;
}

/** One page of ticks, as the agent shows it now. */
export function MultiSelect({ question, closed, admits, draftKey, choose }: AnswerProps) {
  const { options, freeText } = question.question;
  const shownTicks = (): ReadonlySet<number> => new Set(options.flatMap((o, i) => (o.checked ? [i] : [])));
  const [picked, setPicked] = useState(shownTicks);
  useEffect(() => setPicked(shownTicks()), [question.qid, question.rev]);
  const isAction = actionsOf(options);
  const all = options.map((option, index) => ({ option, index }));
  const rows = all.filter(({ option }) => !option.submit && !option.freeText && !isAction(option));
  const actions = all.filter(({ option }) => isAction(option));
  const submit = options.find((o) => o.submit);
  const textOption = options.find((o) => o.freeText);
  const text = draft(draftKey);
  const takesText = textOption !== undefined || freeText !== undefined;

  const send = (): void => {
    if (!admits()) return;
    const picks = rows.flatMap(({ index }) => (picked.has(index) ? [index] : []));
    const own = takesText && text.value.trim() ? text.value.trim() : undefined;
    const what = [...picks.map((i) => options[i]!.label), ...(own ? [own] : [])].join(', ') || 'none';
    choose(
      {
        type: 'options',
        picks: picks.map((index) => ({ index, labelDigest: question.labelDigests[index] ?? '' })),
        ...(own ? { text: own } : {}),
      },
      what,
    );
    clearDraft(draftKey);
  };
  return (
    <>
      <Ticks
        options={rows.map((r) => r.option)}
        picked={new Set(rows.flatMap((r, at) => (picked.has(r.index) ? [at] : [])))}
        multi
        closed={closed}
        toggle={(at) => setPicked(toggled(picked, rows[at]!.index, true))}
      />
      {takesText && (
        <label class="field">
          <span class="label">
            <Text value={textOption?.label ?? 'Your own answer'} />
          </span>
          <input value={text.value} onInput={(event) => setDraft(draftKey, event.currentTarget.value)} />
        </label>
      )}
      <button type="button" class="button main wide" aria-disabled={closed ? 'true' : undefined} onClick={send}>
        <Text value={submit?.label ?? 'Submit'} />
      </button>
      {actions.map(({ option, index }) => (
        <button
          key={`${index}:${option.label}`}
          type="button"
          class="button wide"
          aria-disabled={closed ? 'true' : undefined}
          onClick={() => admits() && choose({ type: 'option', index, labelDigest: question.labelDigests[index] ?? '' }, option.label)}
        >
          <Text value={option.label} />
        </button>
      ))}
    </>
  );
}

type Page = NonNullable<ParsedQuestion['form']>[number];
interface PageAnswer {
  picked: ReadonlySet<number>;
  text: string;
}

const isAnswered = (answer: PageAnswer): boolean => answer.picked.size > 0 || answer.text.trim() !== '';

/** A form of several questions: tabs, then a review, then one answer for all. */
export function FormPages({ question, closed: cardClosed, admits, choose }: AnswerProps) {
  const pages = question.question.form!;
  const [at, setAt] = useState(0);
  // "Submit" stands where "Review" stood: a second tap must not send what nobody has looked over.
  const turned = useTapGuard(`${question.qid}/${at}`);
  const closed = cardClosed || turned.closed;
  const turn = (to: number): void => {
    if (!closed && turned.admits()) setAt(to);
  };
  const [answers, setAnswers] = useState<PageAnswer[]>(() => pages.map(() => ({ picked: new Set<number>(), text: '' })));
  useEffect(() => {
    setAt(0);
    setAnswers(pages.map(() => ({ picked: new Set<number>(), text: '' })));
  }, [question.qid]);
  const set = (index: number, change: Partial<PageAnswer>): void =>
    setAnswers(answers.map((a, i) => (i === index ? { ...a, ...change } : a)));
  const review = at >= pages.length;
  const complete = answers.every(isAnswered);

  const send = (): void => {
    if (!admits() || !turned.admits() || !complete) return;
    choose(
      {
        type: 'form',
        pages: answers.map((a, i) => ({
          labels: [...a.picked].sort((x, y) => x - y).map((n) => pages[i]!.options[n]!.label),
          ...(a.text.trim() ? { text: a.text.trim() } : {}),
        })),
      },
      answers.map((a, i) => said(pages[i]!, a)).join(' · '),
    );
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Questions">
        {pages.map((page, i) => (
          <button
            key={`${i}:${page.title}`}
            type="button"
            role="tab"
            aria-selected={at === i}
            aria-disabled={closed ? 'true' : undefined}
            onClick={() => turn(i)}
          >
            {isAnswered(answers[i]!) && <Icon name="check" small />}
            <Text value={page.title} />
          </button>
        ))}
        <button
          type="button"
          role="tab"
          aria-selected={review}
          aria-disabled={closed ? 'true' : undefined}
          onClick={() => turn(pages.length)}
        >
          Review
        </button>
      </div>
      {review ? (
        <Review pages={pages} answers={answers} />
      ) : (
        <FormPage page={pages[at]!} answer={answers[at]!} closed={closed} set={(change) => set(at, change)} />
      )}
      {review ? (
        <button type="button" class="button main wide" aria-disabled={closed || !complete ? 'true' : undefined} onClick={send}>
          {complete ? 'Submit answers' : `${answers.filter((a) => !isAnswered(a)).length} still open`}
        </button>
      ) : (
        <button type="button" class="button wide" aria-disabled={closed ? 'true' : undefined} onClick={() => turn(at + 1)}>
          {at + 1 < pages.length ? 'Next question' : 'Review'}
        </button>
      )}
    </>
  );
}

function FormPage({
  page,
  answer,
  closed,
  set,
}: {
  page: Page;
  answer: PageAnswer;
  closed: boolean;
  set(change: Partial<PageAnswer>): void;
}) {
  return (
    <>
      <p class="ask-text">
        <Text value={page.text} />
      </p>
      <Ticks
        options={page.options}
        picked={answer.picked}
        multi={page.multi}
        closed={closed}
        toggle={(i) => set({ picked: toggled(answer.picked, i, page.multi) })}
      />
      <label class="field">
        <span class="label">In your own words</span>
        <input value={answer.text} onInput={(event) => set({ text: event.currentTarget.value })} />
      </label>
    </>
  );
}

const said = (page: Page, answer: PageAnswer): string =>
  [
    ...[...answer.picked].sort((a, b) => a - b).map((n) => page.options[n]!.label),
    ...(answer.text.trim() ? [answer.text.trim()] : []),
  ].join(', ');

function Review({ pages, answers }: { pages: readonly Page[]; answers: readonly PageAnswer[] }) {
  return (
    <dl class="review">
      {pages.map((page, i) => (
        <div key={`${i}:${page.title}`}>
          <dt>
            <Visible value={page.text || page.title} />
          </dt>
          <dd>{isAnswered(answers[i]!) ? <Text value={said(page, answers[i]!)} /> : <span class="error-text">Not answered</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
