/** A line of terminal text: spans with classes for the sixteen colours, a colour of the element for the rest. Addresses become links that say where. */
import { type Line, type Span, spansOf } from '../text/line.ts';
import { type Colour, styleOf } from '../text/style.ts';
import { Visible } from './text.tsx';

const STEPS = [0, 95, 135, 175, 215, 255] as const;
const hex = (n: number): string => n.toString(16).padStart(2, '0');

/** CSS colour of palette entries 16 to 255 and of true colours. */
function cssColour(colour: Colour): string | undefined {
  if (typeof colour === 'string') return colour;
  if (colour === null || colour < 16) return undefined;
  if (colour >= 232) return `#${hex(8 + (colour - 232) * 10).repeat(3)}`;
  const n = colour - 16;
  return `#${hex(STEPS[Math.floor(n / 36)]!)}${hex(STEPS[Math.floor(n / 6) % 6]!)}${hex(STEPS[n % 6]!)}`;
}

const named = (colour: Colour): string => (typeof colour === 'number' && colour < 16 ? ` f${colour}` : '');

function look(id: number): { class: string; style?: Record<string, string> } {
  const s = styleOf(id);
  const flags = `${s.bold ? ' sb' : ''}${s.dim ? ' sd' : ''}${s.italic ? ' si' : ''}${s.underline ? ' su' : ''}${s.strike ? ' ss' : ''}${s.hidden ? ' sx' : ''}`;
  // Backgrounds other than "inverse" are left out: on paper they would take the contrast away.
  const inverse = s.inverse ? ' sv' : '';
  const colour = s.inverse ? undefined : cssColour(s.fg);
  return { class: `${s.inverse ? '' : named(s.fg)}${flags}${inverse}`.trim(), ...(colour ? { style: { '--c': colour } } : {}) };
}

const ADDRESS =
  /https?:\/\/[^\s<>"'`⟦\u0000-\u0020\u007f-\u00a0\u200b-\u206f]+[^\s<>"'`.,:;!?)\]}\u0000-\u0020\u007f-\u00a0\u200b-\u206f]/g;

function Linked({ text }: { text: string }) {
  if (!text.includes('://')) return <Visible value={text} />;
  const parts: preact.ComponentChildren[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const url = URL.canParse(match[0]) ? new URL(match[0]) : null;
    if (!url) continue;
    if (match.index > from) parts.push(<Visible value={text.slice(from, match.index)} />);
    // The address as the browser will take it: no look-alike hides behind the text.
    parts.push(
      <a href={url.href} target="_blank" rel="noopener noreferrer nofollow" title={url.href}>
        {url.href === match[0] || `${match[0]}/` === url.href ? match[0] : url.href}
      </a>,
    );
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(<Visible value={text.slice(from)} />);
  return <>{parts}</>;
}

/** Keeps the height of an empty line. */
const BLANK = <br />;

export function StyledLine({ line }: { line: Line }) {
  const spans = spansOf(line);
  if (spans.length === 0) return BLANK;
  return (
    <>
      {spans.map((span, i) => (
        <StyledSpan key={`${i}`} span={span} />
      ))}
    </>
  );
}

function StyledSpan({ span }: { span: Span }) {
  if (span.style === 0) return <Linked text={span.text} />;
  const { class: className, style } = look(span.style);
  return (
    <span class={style ? `${className} fc` : className} {...(style ? { style } : {})}>
      <Linked text={span.text} />
    </span>
  );
}
