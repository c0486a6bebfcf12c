/**
 * The log as text: native scroll and selection, only what is near the window in the document, following the newest line until somebody scrolls
 * up. Lines come from text/log-model.ts, places from log-layout.ts.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { lineText } from '../text/line.ts';
import { cells, isGap, type LogModel } from '../text/log-model.ts';
import { Icon } from './icon.tsx';
import { BLOCK_LINES, LINE_PX, LogLayout } from './log-layout.ts';
import { StyledLine } from './styled-line.tsx';

/** Drawn above and below the window. Less while the newest line is followed: in a flood all of it is new in every frame. */
const OVERSCAN_PX = 600;
const FOLLOWING_PX = 150;
const NEAR_END_PX = 24;
const PROBE = 'x'.repeat(50);

const WHY: Record<string, string> = {
  trimmed: 'no longer kept on the machine',
  skipped: 'skipped because this phone was slow',
  epoch: 'the log was started anew',
  lost: 'lost on the way',
};

export interface LogViewProps {
  model: LogModel;
  /** Entry to bring into view and mark. */
  found: number | null;
}

export function LogView({ model, found }: LogViewProps) {
  const box = useRef<HTMLElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const layout = useRef(new LogLayout());
  const following = useRef(true);
  const [, redraw] = useState(0);
  const [away, setAway] = useState(false);
  const view = useRef({ top: 0, height: 800, columns: 80 });
  const kept = useRef<[number, number]>([0, 0]);
  const frame = useRef(0);

  const draw = (): void => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      redraw((n) => n + 1);
    });
  };
  useEffect(() => model.version.subscribe(draw), [model]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      const charPx = (probe.current?.getBoundingClientRect().width ?? 390) / PROBE.length;
      const block = getComputedStyle(element);
      const padding = Number.parseFloat(block.getPropertyValue('--log-pad')) || 12;
      view.current.height = element.clientHeight;
      view.current.columns = Math.max(8, Math.floor((element.clientWidth - padding * 2) / charPx));
      draw();
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const cut = layout.current.update(model.widths, model.dropped, view.current.columns);
  const [from, to] = range(layout.current, view.current, kept.current, box.current, following.current ? FOLLOWING_PX : OVERSCAN_PX);
  kept.current = [from, to];

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    let moved = false;
    // Words wrap as the browser likes; what stands above the window and turns out taller must not push the text under the finger.
    let above = -cut;
    for (const block of element.querySelectorAll<HTMLElement>('.log-block[data-block]')) {
      const index = Number(block.dataset['block']);
      const top = layout.current.top(index);
      const change = layout.current.measure(index, block.offsetHeight);
      if (change === 0) continue;
      moved = true;
      if (top < element.scrollTop) above += change;
    }
    if (following.current && !selecting(element)) element.scrollTop = element.scrollHeight;
    else if (above !== 0) element.scrollTop += above;
    if (moved) draw();
  });
  useEffect(() => {
    if (found === null || !box.current) return;
    following.current = false;
    const block = Math.floor(found / BLOCK_LINES);
    box.current.scrollTop = layout.current.top(block) - 80;
    draw();
    const timer = setTimeout(() => box.current?.querySelector(`[data-line="${found}"]`)?.scrollIntoView({ block: 'center' }), 60);
    return () => clearTimeout(timer);
  }, [found]);

  const onScroll = (): void => {
    const element = box.current;
    if (!element) return;
    view.current.top = element.scrollTop;
    following.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    setAway(!following.current);
    draw();
  };
  const toNewest = (): void => {
    following.current = true;
    setAway(false);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
    draw();
  };

  const end = layout.current.height;
  const blocks: number[] = [];
  for (let b = from; b < to; b++) blocks.push(b);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section ref={box} class="log" onScroll={onScroll} tabIndex={0} aria-label="Output">
        <span ref={probe} class="log-probe" aria-hidden="true">
          {PROBE}
        </span>
        {model.dropped > 0 && <div class="log-gap">Earlier output is kept on the machine, not here.</div>}
        <div class="log-space" style={{ height: `${end + rowsPx(model, view.current.columns)}px` }}>
          {blocks.map((block) => (
            <Block key={block} block={block} top={layout.current.top(block)} model={model} found={found} />
          ))}
          <div class="log-block writing" style={{ top: `${end}px` }}>
            <div class="log-line">
              <StyledLine line={model.current} />
            </div>
          </div>
        </div>
      </section>
      {away && (
        <button type="button" class="button newest" onClick={toNewest}>
          <Icon name="down" small />
          Newest
        </button>
      )}
    </>
  );
}

/** Height of the line that is being written. */
const rowsPx = (model: LogModel, columns: number): number => Math.max(1, Math.ceil(cells(lineText(model.current)) / columns)) * LINE_PX;

const selecting = (element: HTMLElement): boolean => {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode);
};

/** Blocks to draw: what is near the window, and while text is selected all that was drawn before, so that the selection stays. */
function range(
  layout: LogLayout,
  view: { top: number; height: number },
  kept: [number, number],
  element: HTMLElement | null,
  overscanPx: number,
): [number, number] {
  const top = element ? element.scrollTop : view.top;
  const from = Math.max(layout.first, layout.at(top - overscanPx));
  const to = Math.min(layout.end, layout.at(top + view.height + overscanPx) + 1);
  if (!element || !selecting(element)) return [from, to];
  return [Math.max(layout.first, Math.min(from, kept[0])), Math.min(layout.end, Math.max(to, kept[1]))];
}

interface BlockProps {
  block: number;
  top: number;
  model: LogModel;
  found: number | null;
}

function Block({ block, top, model, found }: BlockProps) {
  const start = block * BLOCK_LINES;
  const total = model.dropped + model.entries.length;
  const end = Math.min(start + BLOCK_LINES, total);
  const lines: preact.VNode[] = [];
  for (let i = Math.max(start, model.dropped); i < end; i++) lines.push(<LogEntry key={i} index={i} model={model} found={found === i} />);
  return (
    <div class="log-block" data-block={block} style={{ top: `${top}px` }}>
      {lines}
    </div>
  );
}

function LogEntry({ index, model, found }: { index: number; model: LogModel; found: boolean }) {
  const entry = model.entries[index - model.dropped]!;
  if (isGap(entry)) {
    const { from, to, why } = entry.gap;
    return (
      <div class="log-gap" data-line={index}>
        {to > from ? `${(to - from).toLocaleString()} bytes missing: ` : ''}
        {WHY[why] ?? why}
      </div>
    );
  }
  return (
    <div class={found ? 'log-line found' : 'log-line'} data-line={index}>
      <StyledLine line={entry} />
    </div>
  );
}
