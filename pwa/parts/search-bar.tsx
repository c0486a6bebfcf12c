/** Search in the log that is here: newest hit first, up and down from there. */
import { useRef, useState } from 'preact/hooks';
import type { LogModel } from '../text/log-model.ts';
import { Icon } from './icon.tsx';

export function SearchBar({ model, show }: { model: LogModel; show(line: number | null): void }) {
  const [hits, setHits] = useState<readonly number[] | null>(null);
  const [at, setAt] = useState(0);
  const turn = useRef(0);
  const look = async (text: string): Promise<void> => {
    const mine = ++turn.current;
    if (!text) {
      setHits(null);
      return show(null);
    }
    const found = await model.find(text);
    if (mine !== turn.current) return;
    setHits(found);
    setAt(found.length - 1);
    show(found.at(-1) ?? null);
  };
  const step = (by: number): void => {
    if (!hits?.length) return;
    const next = (at + by + hits.length) % hits.length;
    setAt(next);
    show(hits[next]!);
  };
  return (
    <div class="line">
      <input
        class="input grow"
        type="search"
        aria-label="Search in the output"
        placeholder="Search"
        autofocus
        onInput={(event) => void look(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && step(event.shiftKey ? 1 : -1)}
      />
      <span class="hint" role="status">
        {hits === null ? '' : hits.length === 0 ? 'None' : `${at + 1}/${hits.length}`}
      </span>
      <button type="button" class="button plain square turned" aria-label="Earlier hit" onClick={() => step(-1)}>
        <Icon name="down" />
      </button>
      <button type="button" class="button plain square" aria-label="Later hit" onClick={() => step(1)}>
        <Icon name="down" />
      </button>
    </div>
  );
}
