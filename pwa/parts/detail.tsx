/** What a question is about, whole and scrollable: a command, a diff, a plan or plain text. Never cut to a teaser. */
import type { ParsedQuestion } from '../../shared/question.ts';
import { blocksOf, diffLines, type Inline } from '../text/markup.ts';
import { mixedScriptWords } from '../text/visible.ts';
import { Icon } from './icon.tsx';
import { Visible } from './text.tsx';

/** Longer ones are drawn as one text. */
const MAX_BY_WORDS = 8_000;

export function Detail({ question }: { question: ParsedQuestion }) {
  const { detail, detailKind } = question;
  if (!detail.trim()) return null;
  const kind = detailKind ?? (question.kind === 'plan' ? 'plan' : 'text');
  const mixed = mixedScriptWords(detail);
  const name =
    kind === 'command' ? 'The whole command' : kind === 'diff' ? 'The whole change' : kind === 'plan' ? 'The whole plan' : 'Details';
  return (
    <>
      {/* Focusable so that the keyboard can scroll it. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section class={`detail ${kind}`} tabIndex={0} aria-label={name}>
        <div class="detail-lines">
          {kind === 'diff' ? (
            <Diff text={detail} />
          ) : kind === 'plan' ? (
            <Plan text={detail} />
          ) : kind === 'command' && detail.length <= MAX_BY_WORDS ? (
            <Words text={detail} />
          ) : (
            <Visible value={detail} />
          )}
        </div>
      </section>
      {mixed.length > 0 && (
        <p class="warn-line">
          <Icon name="warn" small />
          <span>
            Letters of different alphabets in one word: <bdi class="mono">{mixed.join(', ')}</bdi>. It may not be what it looks like.
          </span>
        </p>
      )}
    </>
  );
}

/** Word by word: a line never ends inside "--force", where one word would read as two. */
function Words({ text }: { text: string }) {
  return (
    <>
      {text.split(/([ \n]+)/).map((piece, i) =>
        i % 2 === 1 ? (
          piece
        ) : (
          <span key={i} class="word">
            <Visible value={piece} />
          </span>
        ),
      )}
    </>
  );
}

function Diff({ text }: { text: string }) {
  return (
    <>
      {diffLines(text).map((line, i) => (
        <div key={i} class={`diff-line ${line.kind}`}>
          <Visible value={line.text} />
        </div>
      ))}
    </>
  );
}

function Pieces({ inline }: { inline: readonly Inline[] }) {
  return (
    <>
      {inline.map((piece, i) => {
        const text = <Visible value={piece.text} />;
        return piece.kind === 'code' ? <code key={i}>{text}</code> : piece.kind === 'bold' ? <strong key={i}>{text}</strong> : text;
      })}
    </>
  );
}

export function Plan({ text }: { text: string }) {
  return (
    <>
      {blocksOf(text).map((block, i) => {
        if (block.kind === 'code')
          return (
            <pre key={i}>
              <Visible value={block.text} />
            </pre>
          );
        if (block.kind === 'list') {
          const items = block.items.map((item, n) => (
            <li key={n}>
              <Pieces inline={item} />
            </li>
          ));
          return block.ordered ? <ol key={i}>{items}</ol> : <ul key={i}>{items}</ul>;
        }
        return block.kind === 'heading' ? (
          <h3 key={i}>
            <Pieces inline={block.inline} />
          </h3>
        ) : (
          <p key={i}>
            <Pieces inline={block.inline} />
          </p>
        );
      })}
    </>
  );
}
