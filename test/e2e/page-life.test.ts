import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comeBack, openStage, permissionCard, type Stage, signedIn, workerReady, yes } from './page-rig.ts';

let here: Stage;

describe('a phone whose network comes and goes', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    here = await openStage();
    await workerReady(here.phone.page);
    await here.phone.page.getByRole('button', { name: 'Try it' }).click();
    await permissionCard(here.phone.page).waitFor();
  }, 120_000);

  afterAll(async () => {
    await here?.close();
  }, 60_000);

  it('keeps an answer while nobody can be reached, and takes it back on request', async () => {
    const { page } = here.phone;
    await here.at.up.interrupt();
    await page.getByText(/No connection to the relay|Connecting/).waitFor();
    await yes(page).click();
    await page.getByRole('status').filter({ hasText: 'Waiting for the machine' }).waitFor();
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByRole('status').filter({ hasText: 'Waiting for the machine' }).waitFor({ state: 'detached' });
    await yes(page).click();
    await page.getByRole('status').filter({ hasText: 'Waiting for the machine' }).waitFor();
  });

  it('starts without network and still has the card and the answer that waits', async () => {
    await here.phone.page.close();
    const page = await here.phone.context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(here.at.origin);
    await permissionCard(page).waitFor();
    await page.getByRole('status').filter({ hasText: 'Waiting for the machine' }).waitFor();
    await page.getByText(/What you see is .* old/).waitFor();
    here.phone = { ...here.phone, page };
  });

  it('sends it once when the machine is back, and the agent goes on', async () => {
    here.at = await comeBack(here.at);
    await here.phone.page.getByRole('status').filter({ hasText: 'Confirmed' }).waitFor();
    await here.phone.page.getByText('What should the commit message be?').waitFor();
    // The menu that was answered stands in the log with its one answer.
    await here.phone.page.getByRole('link', { name: 'View run' }).first().click();
    await here.phone.page.getByRole('button', { name: 'Log' }).click();
    await here.phone.page.getByText('12 tests passed', { exact: false }).waitFor();
    expect(await here.phone.page.getByText('12 tests passed', { exact: false }).count()).toBe(1);
    await here.phone.page.goto(here.at.origin);
  });

  it('keeps a draft over a reload', async () => {
    const { page } = here.phone;
    const field = page.getByRole('article').filter({ hasText: 'commit message' }).getByRole('textbox');
    await field.fill('fix: half a thou');
    await page.reload();
    await expect.poll(() => field.inputValue(), { timeout: 20_000 }).toBe('fix: half a thou');
  });

  it('lets two phones answer at once: one is typed, the other is told', async () => {
    const other = await signedIn(here.browser, here.at, here.phone.password);
    const cards = [here.phone.page, other.page].map((page) => page.getByRole('article').filter({ hasText: 'commit message' }));
    await cards[1]!.waitFor();
    await cards[0]!.getByRole('textbox').fill('from the first');
    await cards[1]!.getByRole('textbox').fill('from the second');
    // By place, so that neither waits for the other's outcome.
    const buttons = cards.map((card) => card.getByRole('button', { name: 'Send' }));
    await Promise.all(buttons.map((button) => button.click({ trial: true })));
    const places = await Promise.all(buttons.map((button) => button.boundingBox()));
    await Promise.all([here.phone.page, other.page].map((page, i) => page.touchscreen.tap(places[i]!.x + 20, places[i]!.y + 20)));
    const outcome = async (card: (typeof cards)[number]): Promise<string> =>
      (await card
        .getByRole('status')
        .filter({ hasText: /Confirmed|already answered|Answered by/i })
        .first()
        .textContent()) ?? '';
    const words = await Promise.all(cards.map(outcome));
    expect(words.filter((w) => /Confirmed/.test(w))).toHaveLength(1);
    // Told by the verdict on its own answer or, where its tap came too late even for that, by the card.
    expect(words.filter((w) => /already answered|Answered by/i.test(w))).toHaveLength(1);
    expect(other.faults).toEqual([]);
    await other.context.close();
  });

  it('shows nothing of the account after signing out, and has nothing left', async () => {
    const { page, faults } = here.phone;
    await page.goto(`${here.at.origin}/settings`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out and wipe' }).click();
    await page.getByRole('button', { name: 'Create account' }).waitFor();
    const left = await page.evaluate(async () => {
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open('clawtab');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const stores = [...db.objectStoreNames];
      const counts = await Promise.all(
        stores.map(
          (name) =>
            new Promise<number>((resolve) => {
              const request = db.transaction(name).objectStore(name).count();
              request.onsuccess = () => resolve(request.result);
            }),
        ),
      );
      db.close();
      return { records: counts.reduce((a, b) => a + b, 0), local: localStorage.length };
    });
    expect(left).toEqual({ records: 0, local: 0 });
    expect(faults).toEqual([]);
  });
});
