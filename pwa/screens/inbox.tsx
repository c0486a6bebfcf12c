/** Every waiting question over all machines, newest first; agents that wait for a prompt; what has been dealt with. Empty, it teaches. */

import { useEffect, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { randomId } from '../../shared/bytes.ts';
import { answer, tryAsk } from '../client.ts';
import { saidOf, stands } from '../parts/answer-state.ts';
import { bannerKind, ConnectionBanner } from '../parts/connection.tsx';
import { FreeText } from '../parts/free-text.tsx';
import { GuardedLink } from '../parts/guarded-link.tsx';
import { Icon } from '../parts/icon.tsx';
import { PushOffer } from '../parts/push-offer.tsx';
import { QuestionCard, titleOf } from '../parts/question-card.tsx';
import { RunRow } from '../parts/run-row.tsx';
import { SameAnswer, useSameOffer } from '../parts/same-answer.tsx';
import { useTapGuard } from '../parts/tap-guard.ts';
import { Text } from '../parts/text.tsx';
import { Age, now } from '../parts/time.tsx';
import { type Asked, app, asked, idle, liveRuns, settled } from '../state.ts';
import { clearDraft } from '../store/drafts.ts';
import { oneLine } from '../text/visible.ts';

/** Changes when any of these cards comes, goes, or is dealt with. */
const cardsKey = (cards: readonly Asked[]): string => cards.map((c) => `${c.question.qid}:${c.question.state.state}`).join();

export function Inbox() {
  const { params } = useRoute();
  const cards = asked.value.filter((a) => a.question.question.kind !== 'idle' && stands(a, now.value));
  const shown = new Set(cards.map((c) => c.question.qid));
  const earlier = settled.value.filter((a) => !shown.has(a.question.qid));
  const wanted = params['qid'];
  useEffect(() => {
    if (wanted) document.getElementById(`q-${wanted}`)?.scrollIntoView({ block: 'start' });
  }, [wanted, shown.has(wanted ?? '')]);

  const offer = useSameOffer(cards, now.value);
  const gone = wanted !== undefined && !shown.has(wanted);
  // What stands over the cards moves them all as it comes and goes.
  const over = `${bannerKind(app.value)}/${gone}/${offer?.key ?? ''}`;
  const empty = cards.length === 0 && idle.value.length === 0;
  return (
    <div class="page">
      <header class="page-head">
        <h1>Inbox</h1>
        <a class="button slim" href="/start">
          <Icon name="plus" small />
          Start
        </a>
      </header>
      <ConnectionBanner />
      {gone && <GoneCard qid={wanted} />}
      <div class="inbox split">
        <div class="stack loose">
          {offer && <SameAnswer offer={offer} />}
          {cards.length > 0 && (
            <div class="cards">
              {cards.map((card, i) => (
                <QuestionCard key={card.question.qid} asked={card} above={`${over}/${cardsKey(cards.slice(0, i))}`} />
              ))}
            </div>
          )}
          <PushOffer />
          {idle.value.length > 0 && <Ready above={`${over}/${cardsKey(cards)}`} />}
          {empty && <Empty />}
          {earlier.length > 0 && <Earlier list={earlier} />}
        </div>
        <aside class="aside stack" aria-label="Running now">
          {liveRuns.value.length > 0 && (
            <section class="group">
              <div class="group-head">
                <h2>Running now</h2>
              </div>
              <div class="rows">
                {liveRuns.value.slice(0, 8).map(({ machine, run }) => (
                  <RunRow key={run.run} machine={machine} run={run} brief />
                ))}
              </div>
            </section>
          )}
        </aside>
      </div>
    </div>
  );
}

/** The notification was tapped too late: say so rather than show nothing. */
function GoneCard({ qid }: { qid: string }) {
  const found = asked.value.find((a) => a.question.qid === qid);
  const said = found && saidOf(found);
  return (
    <p class="banner" role="status">
      {said ? `${said.title}${said.why ? `: ${said.why}` : ''}.` : 'That question is not open any more.'}
    </p>
  );
}

function Ready({ above }: { above: string }) {
  return (
    <section class="group">
      <div class="group-head">
        <h2>Ready for input</h2>
      </div>
      <div class="rows">
        {idle.value.map((a, i) => (
          <ReadyRow key={a.question.qid} asked={a} above={`${above}/${i}`} />
        ))}
      </div>
    </section>
  );
}

function ReadyRow({ asked: a, above }: { asked: Asked; above: string }) {
  const { question, machine } = a;
  const guard = useTapGuard(`${question.qid}/${question.rev}/${above}`);
  const said = saidOf(a);
  const underWay = said?.tone === 'calm';
  const key = `${machine.id}/${question.run}/reply`;
  const text = oneLine(question.question.text || question.question.detail, 600);
  return (
    <div class="ready">
      <div class="line">
        <span class="dot hollow" />
        <GuardedLink guard={guard} class="grow cut name" href={`/run/${machine.id}/${question.run}`}>
          <Text value={oneLine(question.runName, 80)} />
        </GuardedLink>
        <span class="hint">
          <Age atMs={question.openedAt} skewMs={machine.skewMs} ago />
        </span>
      </div>
      {text && (
        <p class="last-words">
          <Text value={text} />
        </p>
      )}
      <FreeText
        draftKey={key}
        label={`Prompt for ${oneLine(question.runName, 60)}`}
        placeholder="What next?"
        multiline={false}
        closed={underWay || guard.closed}
        send={(value) => {
          if (!guard.admits()) return;
          void answer(machine.id, question, { type: 'text', text: value }, oneLine(value));
          clearDraft(key);
        }}
      />
      {said && (
        <p class={`hint ${said.tone === 'bad' ? 'error-text' : ''}`} role="status">
          {said.title} {said.why}
        </p>
      )}
    </div>
  );
}

function Earlier({ list }: { list: readonly Asked[] }) {
  return (
    <details class="fold">
      <summary>
        <Icon name="next" small />
        Earlier ({list.length})
      </summary>
      <ul class="rows">
        {list.map((a) => {
          const said = saidOf(a);
          return (
            <li key={a.question.qid}>
              <a class="row" href={`/run/${a.machine.id}/${a.question.run}`}>
                <span class="what">
                  <span class="name cut">
                    <Text value={titleOf(a)} />
                  </span>
                  <span class="sub">
                    {said?.title}
                    {a.answer?.what ? ': ' : ''}
                    {a.answer?.what && <Text value={a.answer.what} />}
                  </span>
                </span>
                <span class="hint">
                  <Age atMs={a.question.openedAt} skewMs={a.machine.skewMs} />
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </details>
  );
}

function Empty() {
  const machines = [...app.value.machines.values()];
  if (machines.length === 0) return <NoMachine />;
  if (machines.every((m) => m.asOfMs === null)) return <div class="skeleton card-shape" role="status" aria-label="Loading" />;
  const running = liveRuns.value.length;
  return (
    <section class="empty">
      <EmptyArt />
      <h2>{running > 0 ? 'Nothing needs you' : 'All quiet'}</h2>
      <p>
        {running > 0
          ? `${running === 1 ? 'One run is' : `${running} runs are`} at work. Questions appear here the moment they are asked.`
          : 'When an agent on your machine asks something, it appears here as a card and you answer with a tap.'}
      </p>
      <TryIt />
      <p class="small">
        Or, on the machine: <code class="mono">clawtab run -- claude</code>
      </p>
    </section>
  );
}

/** Starts the bundled scripted agent: the whole loop without any agent installed. */
function TryIt() {
  const { route } = useLocation();
  const [busy, setBusy] = useState(false);
  const machine = [...app.value.machines.values()].find((m) => m.status.state === 'connected');
  const start = async (): Promise<void> => {
    if (!machine) return;
    setBusy(true);
    await tryAsk(machine.id, 'runs.start', { from: 'demo', requestId: randomId() });
    setBusy(false);
    route('/');
  };
  return (
    <div class="stack tight">
      <button type="button" class="button main" disabled={busy || !machine} onClick={() => void start()}>
        <Icon name="play" small />
        Try it
      </button>
      <p class="hint">A small demo agent asks you two or three things. It changes nothing.</p>
    </div>
  );
}

function NoMachine() {
  return (
    <section class="empty">
      <EmptyArt />
      <h2>Connect a machine</h2>
      <p>Run this where your agents live, then open the link it prints on this device:</p>
      <code class="link-box">npx clawtab up</code>
      <a class="button" href="/devices">
        I have a link
      </a>
    </section>
  );
}

function EmptyArt() {
  return (
    <svg class="art" viewBox="0 0 132 92" aria-hidden="true">
      <path class="art-back" d="M18 26a8 8 0 0 1 8-8h24l8 9h48a8 8 0 0 1 8 8v40a8 8 0 0 1-8 8H26a8 8 0 0 1-8-8z" />
      <path class="art-front" d="M10 40a8 8 0 0 1 8-8h30l7 8h59a8 8 0 0 1 8 8v30a8 8 0 0 1-8 8H18a8 8 0 0 1-8-8z" />
      <path class="art-line" d="M26 58h44M26 70h28" />
      <circle class="art-dot" cx="104" cy="64" r="6" />
    </svg>
  );
}
