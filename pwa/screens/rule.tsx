/** A new rule that answers by itself; a card may have filled in what it asked. */

import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { asClawError, type ClawError } from '../../shared/errors.ts';
import type { Policy } from '../../shared/protocol.ts';
import { ask } from '../client.ts';
import { ConnectionBanner } from '../parts/connection.tsx';
import { HiddenNote } from '../parts/hidden-note.tsx';
import { Icon } from '../parts/icon.tsx';
import { Text } from '../parts/text.tsx';
import { app } from '../state.ts';
import { visibleText } from '../text/visible.ts';

const HOUR_MS = 3_600_000;
const TIMES: readonly { label: string; ms: number | null }[] = [
  { label: 'For an hour', ms: HOUR_MS },
  { label: 'For eight hours', ms: 8 * HOUR_MS },
  { label: 'For a week', ms: 7 * 24 * HOUR_MS },
  { label: 'Until removed', ms: null },
];

export function RuleScreen() {
  const { params } = useRoute();
  const { query, route } = useLocation();
  const machine = app.value.machines.get(params['machine'] ?? '');
  const [effect, setEffect] = useState<Policy['effect']>('allow');
  const [agent, setAgent] = useState(query['agent'] ?? '');
  const [tool, setTool] = useState(query['tool'] ?? '');
  const [command, setCommand] = useState(query['command'] ?? '');
  const [directory, setDirectory] = useState(query['directory'] ?? '');
  const [time, setTime] = useState(0);
  const [error, setError] = useState<ClawError | null>(null);
  const words = command.trim().split(/\s+/).filter(Boolean);
  if (!machine) return null;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(null);
    const { ms } = TIMES[time]!;
    try {
      await ask(machine.id, 'policies.add', {
        policy: {
          effect,
          ...(agent.trim() ? { agent: agent.trim() } : {}),
          ...(tool.trim() ? { tool: tool.trim() } : {}),
          ...(words.length > 0 ? { command: words } : {}),
          ...(directory.trim() ? { directory: directory.trim() } : {}),
          ...(ms === null ? {} : { until: Date.now() + machine.skewMs + ms }),
        },
      });
      route(`/machine/${machine.id}`);
    } catch (thrown) {
      setError(asClawError(thrown));
    }
  };
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>New rule</h1>
      </header>
      <ConnectionBanner />
      <form class="stack" onSubmit={(event) => void save(event)}>
        <p class="dim">
          <Text value={machine.about?.name ?? 'The machine'} /> answers permission questions that fit by itself. A deny wins over an allow;
          what fits no rule waits for you.
        </p>
        <fieldset class="segments" aria-label="Effect">
          {(['allow', 'deny'] as const).map((e) => (
            <button key={e} type="button" aria-pressed={effect === e} onClick={() => setEffect(e)}>
              {e === 'allow' ? 'Allow' : 'Deny'}
            </button>
          ))}
        </fieldset>
        <label class="field">
          <span class="label">Command begins with</span>
          <input
            class="mono"
            autocapitalize="none"
            spellcheck={false}
            value={command}
            placeholder="npm test"
            onInput={(event) => setCommand(event.currentTarget.value)}
          />
          <span class="hint">
            Word by word: <code class="mono">*</code> stands for any one word, <code class="mono">$</code> at the end for “and nothing
            more”.
          </span>
        </label>
        <div class="pair">
          <label class="field">
            <span class="label">Agent</span>
            <select value={agent} onChange={(event) => setAgent(event.currentTarget.value)}>
              <option value="">any</option>
              {[...new Set([...(machine.about?.agents.map((a) => a.name) ?? []), ...(agent ? [agent] : [])])].map((name) => (
                <option key={name} value={name}>
                  {visibleText(machine.about?.agents.find((a) => a.name === name)?.title ?? name)}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span class="label">Kind of question</span>
            <input value={tool} placeholder="any, such as Bash command" onInput={(event) => setTool(event.currentTarget.value)} />
          </label>
        </div>
        <label class="field">
          <span class="label">Only in directory</span>
          <input
            class="mono"
            autocapitalize="none"
            spellcheck={false}
            value={directory}
            placeholder="anywhere"
            onInput={(event) => setDirectory(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span class="label">How long</span>
          <select value={String(time)} onChange={(event) => setTime(Number(event.currentTarget.value))}>
            {TIMES.map((t, i) => (
              <option key={t.label} value={String(i)}>
                {t.label}
              </option>
            ))}
          </select>
        </label>
        {effect === 'allow' && words.length === 0 && (
          <p class="warn-line">
            <Icon name="warn" small />
            Without a command this allows everything that fits the rest.
          </p>
        )}
        <HiddenNote fields={{ Command: command, 'Kind of question': tool, Directory: directory }} />
        {error && (
          <p class="error-text" role="alert">
            <Text value={error.message} /> {error.hint && <Text value={error.hint} />}
          </p>
        )}
        <button type="submit" class="button main wide" disabled={machine.status.state !== 'connected'}>
          {machine.status.state === 'connected' ? 'Save rule' : 'Machine is offline'}
        </button>
      </form>
    </div>
  );
}
