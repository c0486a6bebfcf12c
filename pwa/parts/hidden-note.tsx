/** Beside a form: what its fields hold that nobody sees in them. A field draws text as it is; here the hidden characters stand as tokens. */
import { splitVisible } from '../text/visible.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

/** Shown before and after the first hidden character. */
const BEFORE_CHARS = 40;
const AFTER_CHARS = 300;

/** The text around its first hidden character, or null where there is none. */
function aroundHidden(text: string): string | null {
  const pieces = splitVisible(text);
  const first = pieces.findIndex((piece) => 'token' in piece);
  if (first < 0) return null;
  const [head] = pieces;
  const at = head && 'text' in head ? head.text.length : 0;
  const from = Math.max(0, at - BEFORE_CHARS);
  const to = at + AFTER_CHARS;
  return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
}

/** `fields`: what they hold, by what they are called. */
export function HiddenNote({ fields }: { fields: Record<string, string> }) {
  const hidden = Object.entries(fields).flatMap(([name, value]) => {
    const text = aroundHidden(value);
    return text === null ? [] : [{ name, text }];
  });
  if (hidden.length === 0) return null;
  return (
    <div class="warn-line" role="status">
      <Icon name="warn" small />
      <div>
        <p>What you cannot see in the fields:</p>
        <ul>
          {hidden.map(({ name, text }) => (
            <li key={name}>
              {name}: <Text value={text} class="mono" />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
