/** A line or keys for a run, typed at the machine: what fingers cannot do on a phone's keyboard. */
import { useState } from 'preact/hooks';
import { randomId } from '../../shared/bytes.ts';
import { tryAsk } from '../client.ts';
import { clearDraft } from '../store/drafts.ts';
import { FreeText } from './free-text.tsx';
import { Icon } from './icon.tsx';

const KEYS: readonly { key: string; label: string; name: string }[] = [
  { key: 'esc', label: 'Esc', name: 'Escape' },
  { key: 'tab', label: 'Tab', name: 'Tab' },
  { key: 'up', label: '↑', name: 'Up' },
  { key: 'down', label: '↓', name: 'Down' },
  { key: 'left', label: '←', name: 'Left' },
  { key: 'right', label: '→', name: 'Right' },
  { key: 'enter', label: '↵', name: 'Enter' },
  { key: 'ctrl-c', label: 'Ctrl-C', name: 'Control C' },
];

export interface KeyBarProps {
  machine: string;
  run: string;
  /** Nothing can be typed now. */
  closed: boolean;
  /** A question stands: a line would answer it without anybody having looked at the card. */
  keysOnly: boolean;
}

export function KeyBar({ machine, run, closed, keysOnly }: KeyBarProps) {
  const [shown, setShown] = useState(false);
  const key = `${machine}/${run}/line`;
  const press = (name: string): void => {
    navigator.vibrate?.(8);
    void tryAsk(machine, 'runs.type', { run, typeId: randomId(), keys: [name] });
  };
  const line = async (text: string): Promise<void> => {
    const done = await tryAsk(machine, 'runs.type', { run, typeId: randomId(), text, keys: ['enter'] });
    if (done) clearDraft(key);
  };
  return (
    <div class="stack tight">
      {shown && (
        <div class="keys" role="toolbar" aria-label="Keys">
          {KEYS.map(({ key: name, label, name: spoken }) => (
            <button key={name} type="button" aria-label={spoken} disabled={closed} onClick={() => press(name)}>
              {label}
            </button>
          ))}
        </div>
      )}
      <div class="line">
        <button type="button" class="button square" aria-label="Keys" aria-pressed={shown} onClick={() => setShown(!shown)}>
          <Icon name={shown ? 'close' : 'keyboard'} />
        </button>
        <div class="grow">
          {keysOnly ? (
            <p class="hint">Answer the card, or use the keys.</p>
          ) : (
            <FreeText
              draftKey={key}
              label="Type a line"
              placeholder="Type a line"
              multiline={false}
              closed={closed}
              send={(text) => void line(text)}
            />
          )}
        </div>
      </div>
    </div>
  );
}
