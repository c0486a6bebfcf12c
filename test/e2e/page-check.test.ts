/** The device check before what is risky: Chromium's virtual authenticator as the phone's lock. A no, a doubt and an absence all send nothing. */
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './axe.ts';
import { open, openStage, permissionCard, type Stage, yes } from './page-rig.ts';

let here: Stage;
let tools: CDPSession;
let lock: string;

async function addLock(): Promise<void> {
  const { authenticatorId } = await tools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  lock = authenticatorId;
}
/** Will whoever holds the phone pass its lock? */
const holder = (isUserVerified: boolean) => tools.send('WebAuthn.setUserVerified', { authenticatorId: lock, isUserVerified });
const credentials = async () => (await tools.send('WebAuthn.getCredentials', { authenticatorId: lock })).credentials;

const always = (page: Page) => permissionCard(page).getByRole('button', { name: /don't ask again/ });
const answers = (page: Page) => page.getByRole('status').filter({ hasText: /Sending|Typed|Confirmed|Waiting for the machine/ });

/** Two taps, each once the card takes it. */
async function tapTwice(page: Page): Promise<void> {
  await always(page).click();
  await permissionCard(page).getByText('Tap again to allow always').waitFor();
  await always(page).click();
}

async function refusal(page: Page, words: RegExp): Promise<void> {
  const notice = page.getByRole('alert').filter({ hasText: words });
  await notice.waitFor();
  await notice.getByRole('button', { name: 'Close' }).click();
  await notice.waitFor({ state: 'detached' });
}

async function toSettings(page: Page): Promise<void> {
  await page.goto(`${here.at.origin}/settings`);
  await page.getByRole('heading', { name: 'Device check' }).waitFor();
}

describe('the device check', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    here = await openStage();
    tools = await here.phone.context.newCDPSession(here.phone.page);
    await tools.send('WebAuthn.enable');
  }, 120_000);

  afterAll(async () => {
    await here?.close();
  }, 60_000);

  it('is not offered by a device without a lock', async () => {
    const { page } = here.phone;
    await toSettings(page);
    await page.getByText('This device offers none to a page').waitFor();
    expect(await page.getByRole('button', { name: 'Turn on' }).count()).toBe(0);
  });

  it('is not turned on by who cannot pass the lock', async () => {
    const { page } = here.phone;
    await addLock();
    await holder(false);
    await toSettings(page);
    await page.getByRole('button', { name: 'Turn on' }).click();
    await refusal(page, /did not confirm that it is you/);
    await page.getByRole('button', { name: 'Turn on' }).waitFor();
  });

  it('is turned on with the lock, with a credential for this origin alone', async () => {
    const { page } = here.phone;
    await holder(true);
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByRole('button', { name: 'Turn off' }).waitFor();
    expect((await credentials()).at(-1)?.rpId).toBe('localhost');
    expect(await violations(page)).toEqual([]);
    await toSettings(page);
    await page.getByRole('button', { name: 'Turn off' }).waitFor();
  });

  it('keeps back an answer that widens rights, and lets an ordinary one go', async () => {
    const { page } = here.phone;
    await page.goto(here.at.origin);
    await page.getByRole('button', { name: 'Try it' }).click();
    await holder(false);
    await tapTwice(page);
    await refusal(page, /did not confirm that it is you.*Nothing was done/);
    expect(await answers(page).count()).toBe(0);
    // The card stands as it was, and takes the answer that risks nothing.
    await yes(page).click();
    await answers(page).filter({ hasText: 'Confirmed' }).waitFor();
    await page.getByRole('article').filter({ hasText: 'commit message' }).getByRole('textbox').fill('one');
    await open(page.getByRole('button', { name: 'Send' })).click();
    await answers(page).filter({ hasText: 'one' }).waitFor();
  });

  it('lets it go once the owner has said yes', async () => {
    const { page } = here.phone;
    await holder(true);
    await page.goto(here.at.origin);
    await page.getByRole('button', { name: 'Try it' }).click();
    await tapTwice(page);
    await answers(page).filter({ hasText: "don't ask again" }).filter({ hasText: 'Confirmed' }).waitFor();
    await page.getByRole('article').filter({ hasText: 'commit message' }).getByRole('textbox').fill('two');
    await open(page.getByRole('button', { name: 'Send' })).click();
    await answers(page).filter({ hasText: 'two' }).waitFor();
  });

  it('stands before a command line of one’s own and a rule that allows, not before one that denies', async () => {
    const { page } = here.phone;
    await holder(false);
    await page.goto(`${here.at.origin}/start`);
    await page.getByRole('button', { name: 'Command' }).click();
    await page.getByRole('textbox', { name: 'Command' }).fill('true');
    await page.getByRole('combobox', { name: 'Directory' }).fill(here.at.place.home);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText(/did not confirm that it is you/).waitFor();
    expect(page.url()).toContain('/start');
    await page.goto(`${here.at.origin}/jobs`);
    const machine = await page.getByRole('heading', { level: 2 }).getByRole('link').first().getAttribute('href');
    await page.goto(`${here.at.origin}${machine}/rule`);
    await page.getByRole('textbox', { name: 'Command begins with' }).fill('npm publish');
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText(/did not confirm that it is you/).waitFor();
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('button', { name: 'Save rule' }).click();
    await page.getByText('npm publish', { exact: true }).waitFor();
  });

  it('sends nothing where the lock is gone, and says the way out', async () => {
    const { page } = here.phone;
    await page.goto(here.at.origin);
    await page.getByRole('button', { name: 'Try it' }).click();
    await tools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: lock });
    await tapTwice(page);
    await refusal(page, /no screen lock.*sign out and in again/);
    expect(await answers(page).count()).toBe(0);
  });

  it('is not turned off by another lock, nor by who cannot pass it', async () => {
    const { page } = here.phone;
    // A new lock that does not hold the credential: as after a reset, or another finger enrolled with another device.
    await addLock();
    await tools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: lock, enabled: true });
    await toSettings(page);
    await page.getByRole('button', { name: 'Turn off' }).click();
    await refusal(page, /did not confirm that it is you/);
    await page.getByRole('button', { name: 'Turn off' }).waitFor();
  });

  it('ends with signing out', async () => {
    const { page, faults } = here.phone;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out and wipe' }).click();
    await page.getByRole('button', { name: 'Create account' }).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).fill('ada@example.org');
    await page.getByLabel('Password').fill(here.phone.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    // Where this person stood before; without the check.
    await page.getByRole('heading', { name: 'Device check' }).waitFor();
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByRole('button', { name: 'Turn off' }).waitFor();
    // And off, with the lock.
    await page.getByRole('button', { name: 'Turn off' }).click();
    await page.getByRole('button', { name: 'Turn on' }).waitFor();
    expect(faults).toEqual([]);
  });
});
