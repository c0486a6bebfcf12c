/** Messages that pass: failures with their way out, words from machines, a new version. */
import { app, apply } from '../state.ts';
import { applyUpdate } from '../update.ts';
import { Icon } from './icon.tsx';
import { Text } from './text.tsx';

export function Notices() {
  const { notices, updateReady } = app.value;
  if (notices.length === 0 && !updateReady) return null;
  return (
    <div class="notices">
      {updateReady && (
        <div class="notice" role="status">
          <p>A new version is ready. What you have written is kept.</p>
          <button type="button" class="button plain slim" onClick={() => void applyUpdate()}>
            Update
          </button>
        </div>
      )}
      {notices.map((notice) => (
        <div key={notice.id} class="notice" role={notice.level === 'error' ? 'alert' : 'status'}>
          <p>
            <Text value={notice.text} />
            {notice.hint && (
              <span class="hint">
                {' '}
                <Text value={notice.hint} />
              </span>
            )}
          </p>
          <button
            type="button"
            class="button plain square"
            aria-label="Close"
            onClick={() => apply({ type: 'notice.dismissed', id: notice.id })}
          >
            <Icon name="close" small />
          </button>
        </div>
      ))}
    </div>
  );
}
