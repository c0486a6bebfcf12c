/** One question as a card: who asks, what it is about in full, the agent's own answers, and what became of the one that was given. */
import { useId } from 'preact/hooks';
import type { Choice } from '../../shared/question.ts';
import { answer as sendAnswer, takeBack } from '../client.ts';
import type { Asked } from '../state.ts';
import { isFinal } from '../store/answer-terms.ts';
import { oneLine, visibleText } from '../text/visible.ts';
import { mayAnswer, type Said, saidOf } from './answer-state.ts';
import { Detail } from './detail.tsx';
import { FreeText } from './free-text.tsx';
import { GuardedLink } from './guarded-link.tsx';
import { Icon } from './icon.tsx';
import { FormPages, MultiSelect } from './multi-form.tsx';
import { type AnswerProps, OptionList } from './option-list.tsx';
import { shortPath } from './paths.ts';
import { type TapGuard, useTapGuard } from './tap-guard.ts';
import { Text } from './text.tsx';
import { Age } from './time.tsx';

const SOURCES = { hook: 'from the agent', screen: 'from the screen' } as const;
const UNTITLED = {
  permission: 'Permission',
  choice: 'Choice',
  multiselect: 'Choice',
  text: 'Question',
  plan: 'Plan',
  trust: 'Trust',
  confirm: 'Confirm',
  password: 'Password',
  idle: 'Ready for input',
} as const;

export const titleOf = ({ question }: Asked): string =>
  oneLine(question.question.title || question.question.text || UNTITLED[question.question.kind]);

export interface CardProps {
  asked: Asked;
  /** Ids of the cards above: when they change, this one has moved. */
  above: string;
  /** Without the line that says where; on the run's own screen. */
  bare?: boolean;
}

export function QuestionCard({ asked, above, bare = false }: CardProps) {
  const { question, machine, answer } = asked;
  const id = useId();
  const parsed = question.question;
  const open = question.state.state === 'open';
  const guard = useTapGuard(`${question.qid}/${question.rev}/${question.digest}/${above}`);
  const can = mayAnswer(asked);
  const said = saidOf(asked);
  // The line of the verdict, as it comes and goes, moves what stands below it: where "Take back" was, "Dismiss" is next.
  const below = useTapGuard(`${question.state.state}/${said?.title ?? ''}`);
  const foot: TapGuard = { closed: guard.closed || below.closed, admits: () => guard.admits() && below.admits() };
  const underWay = answer !== null && !isFinal(answer.verdict);
  const props: AnswerProps = {
    question,
    closed: guard.closed || !can,
    admits: () => can && guard.admits(),
    chosen: underWay || answer?.verdict?.verdict === 'confirmed' ? answer.answer.choice : null,
    draftKey: `${machine.id}/${question.qid}`,
    choose: (choice: Choice, what: string) => void sendAnswer(machine.id, question, choice, oneLine(what)),
  };
  const title = titleOf(asked);
  return (
    <article class={open ? 'ask open' : 'ask done'} aria-labelledby={`${id}-title`} id={`q-${question.qid}`}>
      <div class="ask-tab">
        {open && <span class="dot needs" />}
        <span class="cut">
          <Text value={oneLine(question.agentTitle || question.agent, 40)} />
        </span>
      </div>
      <span class="ask-age">
        <span class="hidden-text">asked </span>
        <Age atMs={question.openedAt} skewMs={machine.skewMs} ago />
      </span>
      <div class="ask-body">
        <div class="ask-head">
          <h2 class="title" id={`${id}-title`}>
            <Text value={title} />
          </h2>
          {!bare && <Where asked={asked} />}
        </div>
        {parsed.tabs && !parsed.form && <TabRow asked={asked} />}
        <Detail question={parsed} />
        {parsed.note && (
          <p class="hint">
            <Text value={parsed.note} />
          </p>
        )}
        {parsed.text && oneLine(parsed.text) !== title && (
          <p class="ask-text">
            <Text value={parsed.text} />
          </p>
        )}
        {(open || underWay) && <Answers {...props} />}
        {said && (
          <VerdictLine
            said={said}
            what={answer?.what ?? ''}
            // The card's own guard, which one's own tap does not close: what was a mistake can be taken back at once.
            takeBack={{ closed: guard.closed, act: () => answer && guard.admits() && void takeBack(answer.answerId) }}
          />
        )}
        <Foot asked={asked} guard={foot} open={open} can={can} choose={props.choose} link={!bare} />
      </div>
    </article>
  );
}

function Where({ asked: { question, machine } }: { asked: Asked }) {
  return (
    <p class="ask-where">
      <Text value={oneLine(question.runName, 80)} />
      <span aria-hidden="true">·</span>
      <Text value={oneLine(machine.about?.name ?? 'a machine', 60)} />
      <span class="mono cut" title={visibleText(question.cwd)}>
        <Text value={oneLine(shortPath(question.cwd), 120)} />
      </span>
    </p>
  );
}

function TabRow({ asked: { question } }: { asked: Asked }) {
  return (
    <ol class="tabs" aria-label="Questions in this set">
      {question.question.tabs!.map((tab, i) => (
        <li key={`${i}:${tab.title}`} class={tab.current ? 'current' : ''} aria-current={tab.current ? 'step' : undefined}>
          {tab.answered && <Icon name="check" small />}
          <Text value={tab.title} />
        </li>
      ))}
    </ol>
  );
}

function Answers(props: AnswerProps) {
  const { question, draftKey } = props;
  const { kind, options, form, freeText } = question.question;
  if (form && form.length > 0) return <FormPages {...props} />;
  if (kind === 'multiselect') return <MultiSelect {...props} />;
  if (options.length > 0) return <OptionList {...props} />;
  const secret = kind === 'password';
  return (
    <FreeText
      draftKey={draftKey}
      label={secret ? 'Secret answer' : 'Your answer'}
      multiline={freeText?.multiline === true}
      secret={secret}
      closed={props.closed}
      send={(text) => props.admits() && props.choose({ type: 'text', text }, secret ? 'a secret' : text)}
    />
  );
}

/** A rule for questions like this one, to be looked at before it is saved. */
function rulePath({ machine, question }: Asked): string {
  const { title, detail, detailKind } = question.question;
  const [first = ''] = detail.split('\n');
  // Two words say what is done; the rest is what it is done to.
  const command = detailKind === 'command' ? first.trim().split(/\s+/).slice(0, 2).join(' ') : '';
  const query = new URLSearchParams({ agent: question.agent, tool: title, command, directory: question.cwd });
  return `/machine/${machine.id}/rule?${query}`;
}

interface VerdictProps {
  said: Said;
  what: string;
  takeBack?: { closed: boolean; act(): void };
}

export function VerdictLine({ said, what, takeBack: undo }: VerdictProps) {
  return (
    <div class={`verdict ${said.tone}`} role="status">
      <Icon name={said.tone === 'good' ? 'check' : said.tone === 'bad' ? 'warn' : 'clock'} small />
      <p class="grow">
        <strong>{said.title}</strong>
        {what && (
          <>
            : <Text value={what} />
          </>
        )}
        {said.why && (
          <span class="why">
            {' '}
            <Text value={said.why} />
          </span>
        )}
      </p>
      {said.canTakeBack && undo && (
        <button type="button" class="button slim" aria-disabled={undo.closed ? 'true' : undefined} onClick={undo.act}>
          Take back
        </button>
      )}
    </div>
  );
}

interface FootProps {
  asked: Asked;
  guard: TapGuard;
  open: boolean;
  can: boolean;
  choose: AnswerProps['choose'];
  link: boolean;
}

function Foot({ asked, guard, open, can, choose, link }: FootProps) {
  const { question, machine } = asked;
  const { dismiss, source } = question.question;
  const id = useId();
  return (
    <div class="ask-foot">
      <span class="grow hint nowrap">{SOURCES[source]}</span>
      {link && (
        <GuardedLink guard={guard} class="button plain slim" href={`/run/${machine.id}/${question.run}`}>
          View run
        </GuardedLink>
      )}
      {dismiss && open && (
        <button
          type="button"
          class="button plain slim"
          aria-disabled={guard.closed || !can ? 'true' : undefined}
          aria-describedby={`${id}-effect`}
          onClick={() => can && guard.admits() && choose({ type: 'dismiss' }, 'Dismissed')}
        >
          Dismiss
        </button>
      )}
      {open && (dismiss || link) && (
        <p class="effect hint">
          {dismiss && (
            <span id={`${id}-effect`}>
              Dismiss <Text value={oneLine(dismiss.effect, 160)} />.{' '}
            </span>
          )}
          {link && question.question.kind === 'permission' && (
            <GuardedLink guard={guard} href={rulePath(asked)}>
              Make a rule
            </GuardedLink>
          )}
        </p>
      )}
    </div>
  );
}
