/** What somebody has typed behind a prompt that stands, and steps that make it nothing before an answer is typed there. */
import type { ScreenView, Step } from '../agent.ts';
import { giveUp } from '../lib/plan.ts';
import { lineAtCursor } from './prompt-line.ts';

/** Text behind the prompt on the cursor's line: '' where nothing is, null where that prompt is not there. */
export function typedBehind(screen: ScreenView, promptText: string): string | null {
  const line = lineAtCursor(screen);
  if (line === null) return null;
  // The head of a numbered list stands above the line; the rest of the prompt's text starts it.
  for (let from = 0; from >= 0; from = promptText.indexOf(' ', from) + 1 || -1) {
    const start = promptText.slice(from);
    if (line.startsWith(start)) return line.slice(start.length).trim();
  }
  return null;
}

/** Takes away what was typed at the desk (Ctrl-U), and goes on only when it is seen to be gone. */
export function clearTyped(promptText: string): Step {
  return {
    do: 'then',
    plan: (_now, screen) =>
      (typedBehind(screen, promptText) ?? '') === ''
        ? []
        : [
            { do: 'keys', keys: ['ctrl-u'] },
            {
              do: 'expect',
              what: 'what was typed at the desk could not be taken away',
              holds: (_later, then) => (typedBehind(then, promptText) ?? '') === '',
            },
          ],
  };
}

/**
 * Ends the plan unless exactly `typed`, or an echo that hides it, stands behind the prompt. A line that is being repainted is waited for: what cannot be seen is
 * never taken for empty.
 */
export function onlyTyped(promptText: string, typed: string): Step[] {
  const seen = (screen: ScreenView): boolean => typedBehind(screen, promptText) !== null;
  return [
    { do: 'expect', what: 'the prompt is not on the line of the cursor any more', holds: (_now, screen) => seen(screen) },
    {
      do: 'then',
      plan: (_now, screen) => {
        const there = typedBehind(screen, promptText);
        return there === '' || there === typed ? [] : [giveUp('something else was typed at the desk')];
      },
    },
  ];
}
