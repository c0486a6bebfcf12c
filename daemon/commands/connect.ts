/** A command's connection to the daemon of this state directory. */
import { LocalClient, type LocalEvents } from '../local/client.ts';
import { openState } from '../state.ts';

/** Connects, runs `task`, closes. Throws `not_running` where there is no daemon. */
export async function withDaemon<T>(task: (daemon: LocalClient) => Promise<T>, events: LocalEvents = {}): Promise<T> {
  const client = await LocalClient.connect(openState().daemonSocket, events);
  try {
    return await task(client);
  } finally {
    client.close();
  }
}

/** Null where no daemon runs. */
export async function tryDaemon(): Promise<LocalClient | null> {
  try {
    return await LocalClient.connect(openState().daemonSocket);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'not_running') return null;
    throw error;
  }
}
