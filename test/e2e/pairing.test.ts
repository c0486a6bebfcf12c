/** SEC-51: a machine comes in only where somebody sees its screen, and takes only the account whose digits its person has typed. Page, relay and a second real daemon. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Listener, type Place as MachinePlace, makePlace, spawnDaemon } from '../../daemon/test-daemon.ts';
import { PHONE, watchFaults } from '../rig/browser.ts';
import { EMAIL, openStage, type Stage } from './page-rig.ts';

let here: Stage;
let machine: MachinePlace;
let daemon: ChildProcess;
let desk: Listener;
/** The device list as it was before the second machine. */
let older: unknown;

const enrol = (confirm: boolean) => desk.client.call('account.enrol', { origin: here.at.origin, confirm });
const machines = async (): Promise<number> => {
  await here.phone.page.goto(`${here.at.origin}/devices`);
  const rows = here.phone.page.getByRole('heading', { name: 'Machines' }).locator('..').getByRole('listitem');
  await rows.first().waitFor();
  return rows.count();
};

describe('a machine’s link on a phone that is signed in', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    here = await openStage();
    machine = makePlace();
    daemon = await spawnDaemon(machine);
    desk = await Listener.connect(machine);
  }, 120_000);

  afterAll(async () => {
    desk?.client.close();
    if (daemon) {
      const gone = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await gone;
    }
    machine?.remove();
    await here?.close();
  }, 60_000);

  const dialog = () => here.phone.page.getByRole('dialog', { name: /^Connect .*\?$/ });

  it('names the machine and the relay, and grants nothing without the code on the machine’s screen', async () => {
    const { page, password } = here.phone;
    const { link } = await enrol(true);
    const sent: string[] = [];
    page.on(
      'request',
      (request) => /\/v1\/(login|list|enrolments)$/.test(request.url()) && request.method() === 'POST' && sent.push(request.url()),
    );
    await page.goto(link);
    await dialog().waitFor();
    await dialog().getByText(new URL(here.at.origin).host).waitFor();
    await dialog().getByLabel('Password').fill(password);
    const connect = dialog().getByRole('button', { name: 'Connect machine' });
    await connect.click();
    // The field is required: the browser keeps the form back.
    await dialog().getByLabel('Code of the machine').fill('000 000');
    await connect.click();
    await dialog().getByRole('alert').filter({ hasText: 'not the six digits' }).waitFor();
    expect(sent).toEqual([]);
    await dialog().getByRole('button', { name: 'Not now' }).click();
    expect(await machines()).toBe(1);
    expect((await desk.client.call('daemon.status', {})).account).toBeNull();
  });

  it('shows the match code, which the machine wants before it takes the account', async () => {
    const { page, password } = here.phone;
    const { link, code } = await enrol(true);
    await page.goto(link);
    await dialog().getByLabel('Code of the machine').fill(code);
    await dialog().getByLabel('Password').fill(password);
    page.on('response', async (response) => {
      if (response.url().endsWith('/v1/login') && response.ok()) older ??= (await response.json()).list;
    });
    await dialog().getByRole('button', { name: 'Connect machine' }).click();
    const shown = page.getByRole('status', { name: 'Match code' });
    await shown.waitFor();
    expect(await desk.client.call('account.enrolment', {})).toEqual({ state: 'confirm' });
    expect((await desk.client.call('daemon.status', {})).account).toBeNull();
    const digits = (await shown.textContent())!;
    const other = digits.replace(/\d$/, (last) => String((Number(last) + 1) % 10));
    await expect(desk.client.call('account.confirm', { code: other })).rejects.toMatchObject({ code: 'enrolment_no_match' });
    await desk.client.call('account.confirm', { code: digits });
    // The machine is there: the digits go by themselves.
    await shown.waitFor({ state: 'detached' });
    expect(await machines()).toBe(2);
    expect(here.phone.faults).toEqual([]);
  });

  it('asks for the code as well where a person signs in by the link', async () => {
    await desk.client.call('account.logout', {});
    const { link, code } = await enrol(false);
    const context = await here.browser.newContext(PHONE);
    const page = await context.newPage();
    const faults = watchFaults(page);
    page.setDefaultTimeout(30_000);
    await page.goto(link);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).fill(EMAIL);
    await page.getByLabel('Password').fill(here.phone.password);
    await page.getByLabel('Code of the machine').fill('111111');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'not the six digits' }).waitFor();
    await page.getByLabel('Code of the machine').fill(code.replace(' ', ''));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();
    await desk.until(async () => (await desk.client.call('daemon.status', {})).account !== null);
    expect(await page.getByRole('status', { name: 'Match code' }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('signs no machine onto an older device list, whatever the relay shows at the sign-in', async () => {
    await desk.client.call('account.logout', {});
    const { link, code } = await enrol(false);
    const { page, password } = here.phone;
    await page.goto(link);
    await dialog().getByLabel('Code of the machine').fill(code);
    await dialog().getByLabel('Password').fill(password);
    const sent: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && sent.push(new URL(request.url()).pathname));
    // A relay that would have a removed device back.
    await page.route('**/v1/login', async (route) => {
      const response = await route.fetch();
      const reply = await response.json();
      await route.fulfill({ response, json: response.ok() ? { ...reply, list: older } : reply });
    });
    await dialog().getByRole('button', { name: 'Connect machine' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'older than' }).waitFor();
    expect(sent).toContain('/v1/login');
    expect(sent).not.toContain('/v1/list');
    expect(sent).not.toContain('/v1/enrolments');
    await page.unroute('**/v1/login');
    await dialog().getByRole('button', { name: 'Connect machine' }).click();
    await desk.until(async () => (await desk.client.call('daemon.status', {})).account !== null);
  });
});
