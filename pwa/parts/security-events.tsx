/** What happened to the account in the last 90 days, by the hour: the relay keeps kind, device and hour, and nothing else. */
import { useEffect, useState } from 'preact/hooks';
import { EventsReply } from '../../shared/relay-api.ts';
import { eventKey, eventTitle, type SecurityEvent, shortId } from '../../shared/security-events.ts';
import { listVersion, relayTokens } from '../live.ts';
import { anyConnected, app } from '../state.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

const HOUR_MS = 3_600_000;
const FIRST = 8;

export function SecurityEvents({ nameOf }: { nameOf(device: string): string | undefined }) {
  const [events, setEvents] = useState<readonly SecurityEvent[]>([]);
  const [all, setAll] = useState(false);
  const { link } = app.value;
  useEffect(() => {
    void relayTokens()
      ?.call({ method: 'GET', path: '/v1/events', reply: EventsReply })
      .then(
        (reply) => setEvents(reply.events),
        () => undefined,
      );
  }, [link.state, anyConnected.value, listVersion.value]);
  if (events.length === 0) return null;
  const who = (device: string): string => {
    const name = device === app.value.deviceId ? 'This device' : nameOf(device);
    return name === undefined ? shortId(device) : `${name}, ${shortId(device)}`;
  };
  const shown = all ? events : events.slice(0, FIRST);
  return (
    <section class="group">
      <h2>What happened</h2>
      <ul class="rows" aria-label="Security events">
        {shown.map((event, i) => (
          <li key={`${i} ${eventKey(event)}`} class="row">
            <Icon name={event.kind === 'token_misused' || event.kind === 'device_quarantined' ? 'warn' : 'check'} />
            <span class="what">
              <span class="name cut">{eventTitle(event.kind)}</span>
              <span class="sub">
                {event.device !== null && (
                  <>
                    <Text value={who(event.device)} />
                    {' · '}
                  </>
                )}
                <time dateTime={new Date(event.hour * HOUR_MS).toISOString()}>
                  {new Date(event.hour * HOUR_MS).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}
                </time>
              </span>
            </span>
          </li>
        ))}
      </ul>
      {events.length > shown.length && (
        <button type="button" class="button plain slim" onClick={() => setAll(true)}>
          Show all {events.length}
        </button>
      )}
    </section>
  );
}
