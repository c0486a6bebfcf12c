/** The little Markdown that plans are written in, as blocks and inline pieces; pure data, drawn by parts/detail.tsx. Not a Markdown parser. */

export type Inline = { kind: 'text' | 'code' | 'bold'; text: string };
export type Block =
  | { kind: 'heading' | 'text'; inline: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string };

export function inlineOf(text: string): Inline[] {
  const out: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(/`([^`\n]+)`|\*\*([^*\n]+)\*\*/g)) {
    if (match.index > from) out.push({ kind: 'text', text: text.slice(from, match.index) });
    out.push(match[1] === undefined ? { kind: 'bold', text: match[2]! } : { kind: 'code', text: match[1] });
    from = match.index + match[0].length;
  }
  if (from < text.length) out.push({ kind: 'text', text: text.slice(from) });
  return out;
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let fence: string[] | null = null;
  for (const line of text.split('\n')) {
    if (/^\s*```/.test(line)) {
      if (fence) blocks.push({ kind: 'code', text: fence.join('\n') });
      fence = fence ? null : [];
      continue;
    }
    if (fence) fence.push(line);
    else addLine(blocks, line);
  }
  if (fence) blocks.push({ kind: 'code', text: fence.join('\n') });
  return blocks;
}

function addLine(blocks: Block[], line: string): void {
  const heading = /^\s*#{1,6}\s+(.*)$/.exec(line);
  if (heading) return void blocks.push({ kind: 'heading', inline: inlineOf(heading[1]!) });
  const item = /^\s*(?:([-*•])|(\d{1,3})[.)])\s+(.*)$/.exec(line);
  if (!item) {
    if (line.trim()) blocks.push({ kind: 'text', inline: inlineOf(line) });
    return;
  }
  const ordered = item[2] !== undefined;
  const last = blocks[blocks.length - 1];
  if (last?.kind === 'list' && last.ordered === ordered) last.items.push(inlineOf(item[3]!));
  else blocks.push({ kind: 'list', ordered, items: [inlineOf(item[3]!)] });
}

export type DiffLine = { kind: 'add' | 'del' | 'hunk' | 'same'; text: string };

/** Lines of a diff: unified, or with line numbers in front as agents draw them. */
export function diffLines(text: string): DiffLine[] {
  return text.split('\n').map((line) => {
    if (/^(?:@@|diff --git |index |\+\+\+ |--- |\*\*\* )/.test(line)) return { kind: 'hunk', text: line };
    const sign = /^\s*\d*\s{0,2}([+-])/.exec(line)?.[1];
    return { kind: sign === '+' ? 'add' : sign === '-' ? 'del' : 'same', text: line };
  });
}
