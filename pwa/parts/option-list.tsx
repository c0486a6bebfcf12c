/** The agent's options as buttons: its order, its labels, nothing renumbered. Widening ones take two taps; one that takes text opens a field. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { Question } from '../../shared/protocol.ts';
import type { Choice, QuestionOption } from '../../shared/question.ts';
import { clearDraft } from '../store/drafts.ts';
import { FreeText } from './free-text.tsx';
import { Icon } from './icon.tsx';
import { useTapGuard } from './tap-guard.ts';
import { Text } from './text.tsx';

/** A second tap counts for this long, ms. */
const ARMED_MS = 5_000;

export interface AnswerProps {
  question: Question;
  /** Taps are ignored now. */
  closed: boolean;
  admits(): boolean;
  /** What has been chosen and is on its way. */
  chosen: Choice | null;
  draftKey: string;
  choose(choice: Choice, what: string): void;
}

export function OptionList(props: AnswerProps) {
  const { question, chosen, draftKey } = props;
  const { options, freeText } = question.question;
  const [armed, setArmed] = useState<number | null>(null);
  const [writing, setWriting] = useState<number | null>(null);
  // A finger that bounces is not a second thought.
  const arming = useTapGuard(`${question.qid}/${question.rev}/${armed}`);

  useEffect(() => {
    if (armed === null) return;
    const timer = setTimeout(() => setArmed(null), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);
  // Another question, or another version of it: nothing of the old state counts.
  useEffect(() => {
    setArmed(null);
    setWriting(null);
  }, [question.qid, question.rev]);

  const needsText = (index: number): boolean => options[index]!.freeText === true;
  /** The agent takes words beside this option, but the option alone is an answer too: a tap on it means just that. */
  const mayAddText = (index: number): boolean => freeText?.option === index && !needsText(index);
  const send = (index: number, text?: string): void => {
    const labelDigest = question.labelDigests[index] ?? '';
    const option = options[index]!;
    props.choose(
      { type: 'option', index, labelDigest, ...(text === undefined ? {} : { text }) },
      text === undefined ? option.label : `${option.label}: ${text}`,
    );
    if (text !== undefined) clearDraft(draftKey);
  };
  const tap = (index: number): void => {
    if (!props.admits()) return;
    if (needsText(index)) return setWriting(writing === index ? null : index);
    if (options[index]!.dangerous && armed !== index) return setArmed(index);
    if (armed === index && !arming.admits()) return;
    setArmed(null);
    send(index);
  };

  return (
    <ul class={chosen ? 'options sent' : 'options'} aria-label="Answers">
      {options.map((option, index) => (
        <li key={`${index}:${option.label}`} class="options">
          <OptionButton
            option={option}
            closed={props.closed || (armed === index && arming.closed)}
            armed={armed === index}
            writes={needsText(index)}
            chosen={chosen?.type === 'option' && chosen.index === index}
            onTap={() => tap(index)}
          />
          {mayAddText(index) && writing !== index && !chosen && (
            <button
              type="button"
              class="button plain slim"
              aria-disabled={props.closed ? 'true' : undefined}
              onClick={() => props.admits() && setWriting(index)}
            >
              <Icon name="edit" small />
              <span>
                <Text value={option.label} />, and say…
              </span>
            </button>
          )}
          {writing === index && !chosen && (
            <FreeText
              draftKey={draftKey}
              label={option.label}
              multiline={freeText?.multiline === true}
              closed={props.closed}
              focus
              send={(text) => props.admits() && send(index, text)}
            />
          )}
        </li>
      ))}
      {freeText?.option === null && (
        <li>
          <FreeText
            draftKey={draftKey}
            label="Your own answer"
            multiline={freeText.multiline === true}
            closed={props.closed}
            send={(text) => {
              if (!props.admits()) return;
              props.choose({ type: 'text', text }, text);
              clearDraft(draftKey);
            }}
          />
        </li>
      )}
    </ul>
  );
}

interface ButtonProps {
  option: QuestionOption;
  closed: boolean;
  armed: boolean;
  writes: boolean;
  chosen: boolean;
  onTap(): void;
}

function OptionButton({ option, closed, armed, writes, chosen, onTap }: ButtonProps) {
  const id = useId();
  const more = armed ? 'Tap again to allow always' : option.description;
  const look = ['option', option.default ? 'first' : '', armed ? 'armed' : '', chosen ? 'chosen' : ''].filter(Boolean).join(' ');
  return (
    <button
      type="button"
      class={look}
      aria-labelledby={`${id}-label`}
      aria-describedby={more ? `${id}-more` : undefined}
      aria-disabled={closed ? 'true' : undefined}
      onClick={onTap}
    >
      <Text id={`${id}-label`} value={option.label} />
      {more && (
        <span id={`${id}-more`} class="said" role={armed ? 'alert' : undefined}>
          <Text value={more} />
        </span>
      )}
      <span class="end">
        {chosen ? <Icon name="check" /> : writes ? <Icon name="edit" small /> : option.dangerous ? <Icon name="warn" small /> : null}
      </span>
    </button>
  );
}
