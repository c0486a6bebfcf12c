/** Hands on the run besides the answers: a terminal at the desk that resizes and moves, and the Enter of somebody who has looked. */
import { RunStore } from '../../../daemon/runs/run-store.ts';
import { openState } from '../../../daemon/state.ts';
import type { TestPhone } from '../../../daemon/test-phone.ts';
import { randomId } from '../../../shared/bytes.ts';
import { ClawError } from '../../../shared/errors.ts';
import type { FakeQuestion } from '../../rig/fake-agent.ts';
import type { Product } from '../../rig/product.ts';
import type { Random } from '../../rig/random.ts';

/**
 * A terminal at the desk that changes its size and moves in lists now and then. It leaves a line prompt alone: half a line that desk and phone both type into
 * is `typed_unconfirmed` for good, since nobody can say what the agent will make of it. Returns what ends it.
 */
export async function meddle(product: Product, run: string, rng: Random, style: () => FakeQuestion['style']): Promise<() => void> {
  const store = new RunStore(openState(product.place.env));
  const terminal = await store.connect(store.get(run)!.run, { role: 'terminal', cols: 100, rows: 30 });
  let timer: NodeJS.Timeout;
  const next = (): void => {
    timer = setTimeout(() => {
      const doing =
        style() === 'yesno' || rng.chance(0.6)
          ? terminal.resize(60 + rng.below(80), 20 + rng.below(20))
          : terminal.input(Buffer.from(rng.pick(['\x1b[A', '\x1b[B'])), { typed: true });
      Promise.resolve(doing).then(
        () => undefined,
        () => undefined,
      );
      next();
    }, 100 + rng.below(900));
  };
  next();
  return () => {
    clearTimeout(timer);
    terminal.close();
  };
}

/** A person looks again where the line is just being painted anew. */
const LOOKS = 20;
const LOOK_AGAIN_MS = 100;

/**
 * "Typed, but it still stands: look at it." The letter is on the line, the desk came between it and Enter: a person looks, and presses Enter. (One that the
 * agent may take back is left alone: the Enter could be the next one's.) Returns whether it was pressed.
 */
export async function pressEnter(phone: TestPhone, run: string, fake: FakeQuestion): Promise<boolean> {
  if (fake.swapMs !== undefined) return false;
  try {
    for (let look = 0; look < LOOKS; look++) {
      const { text } = await phone.call('runs.screen', { run });
      if (text.findLast((line) => line.trim() !== '')?.includes(fake.nonce)) {
        await phone.call('runs.type', { run, typeId: randomId(), keys: ['enter'] });
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  } catch (error) {
    // Over in the meantime: so somebody has answered.
    if (!(error instanceof ClawError && error.code === 'session_gone')) throw error;
  }
  return false;
}
