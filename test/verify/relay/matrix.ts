/** Every credential at every route of the table, and every frame type in every state of a socket: how many cells, and which pass that must not. */
import { ROUTES } from '../../../relay/routes.ts';
import { matrixOf, passed } from '../../../relay/test-matrix.ts';
import { addDevice, signUp, startTestRelay } from '../../../relay/test-relay.ts';
import type { Figure } from './parts.ts';

export async function matrixFigures(): Promise<Figure[]> {
  const relay = await startTestRelay();
  const wrong: string[] = [];
  let cells = 0;
  let passes = 0;
  try {
    const home = await signUp(relay.origin);
    const matrix = matrixOf(relay, home, await addDevice(relay.origin, home));
    for (const route of ROUTES)
      for (const credential of matrix.credentials) {
        // Last, since it changes who holds what.
        if (route.path === '/v1/logout' && credential === 'a session token') continue;
        const through = passed(await matrix.call(route, credential));
        cells++;
        if (through) passes++;
        if (through !== matrix.mayPass(route).includes(credential)) wrong.push(`${credential} at ${route.method} ${route.path}`);
      }
  } finally {
    await relay.stop();
  }
  return [
    { name: 'token × endpoint', note: `${ROUTES.length} routes, ${cells} cells, ${passes} may pass and do` },
    { name: 'token × endpoint: cells that are not as the contract says', count: wrong.length, more: wrong.slice(0, 5).join('; ') },
  ];
}
