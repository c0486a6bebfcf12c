/**
 * Three hundred hostile strings (SEC-25) in what the whole product keeps and shows: rules, the audit log, security events, names of devices, saved jobs. They go in
 * by the daemon's own door, its files and the relay's database, as a hostile agent, machine or relay would have them; real Chromium shows them. No script
 * runs, nothing is made of them but text, nothing is fetched, and what hides or turns the text is seen. Cards, rows and logs: pwa/parts/hostile.test.tsx.
 */

import type { Page } from 'playwright-core';
import postgres, { type Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePolicy } from '../../daemon/policies/policies.ts';
import { openState, writeFileAtomic } from '../../daemon/state.ts';
import { Listener } from '../../daemon/test-daemon.ts';
import { PAYLOADS, SEEDS, WRAPS } from '../../pwa/parts/test-hostile.ts';
import { joinArgv } from '../../pwa/text/argv.ts';
import { oneLine, visibleText } from '../../pwa/text/visible.ts';
import { place as databasePlace } from '../../relay/store/embedded-place.ts';
import { shortId } from '../../shared/security-events.ts';
import { DESKTOP } from '../rig/browser.ts';
import { closeNotices, openStage, type Stage, signedIn } from './page-rig.ts';

const MACHINE = 'desk \u202e<img src=x onerror="globalThis.pwned=1">\u200b';
/** What a word or a name takes. */
const short = (text: string): string => text.slice(0, 64);
/** As a field of one line holds it. */
const inLine = (text: string): string => text.replace(/[\r\n]/g, '');

let here: Stage;
let desk: Listener;
let sql: Sql;
let machineId = '';
const elsewhere: string[] = [];

/** Everything in the document that the page has not made, and every script that ran. */
const foreign = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const made = new Set(
      (
        'HTML HEAD BODY TITLE META LINK SCRIPT STYLE DIV MAIN NAV HEADER SECTION FORM FIELDSET LABEL INPUT TEXTAREA SELECT OPTION DATALIST BUTTON A SPAN P BDI ' +
        'H1 H2 H3 UL OL LI DETAILS SUMMARY TIME CODE STRONG DIALOG SVG PATH RECT CIRCLE LINE POLYLINE G NOSCRIPT'
      ).split(' '),
    );
    const found: string[] = [];
    for (const element of document.querySelectorAll('*')) {
      const tag = element.tagName.toUpperCase();
      if (!made.has(tag)) found.push(`<${tag}>`);
      if (document.body.contains(element) && /^(?:SCRIPT|STYLE|LINK|META|TITLE)$/.test(tag) && !(element as HTMLScriptElement).src)
        found.push(`<${tag}> in the body`);
      for (const { name, value } of element.attributes) {
        if (/^on|^(?:srcdoc|formaction|action|autofocus|http-equiv)$/.test(name) && !document.head.contains(element))
          found.push(`${name}=${value}`);
        if (/^(?:href|src|xlink:href)$/.test(name) && new URL(value, location.href).origin !== location.origin)
          found.push(`${name}=${value}`);
      }
    }
    if ('pwned' in globalThis) found.push('a script ran');
    return found;
  });

/** Characters that hide or turn text, drawn as they are outside of a field. */
const drawn = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: string[] = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (/[\u0000-\u0008\u000b-\u001f\u200b\u202e]/.test(node.nodeValue ?? '') && node.parentElement?.tagName !== 'TEXTAREA')
        found.push(node.nodeValue!.slice(0, 80));
    }
    for (const element of document.body.querySelectorAll('[aria-label], [title]'))
      for (const name of ['aria-label', 'title'])
        if (/[\u0000-\u001f\u200b\u202e]/.test(element.getAttribute(name) ?? '')) found.push(`${name}=${element.getAttribute(name)}`);
    return found;
  });

async function clean(page: Page): Promise<void> {
  expect(await foreign(page)).toEqual([]);
  expect(await drawn(page)).toEqual([]);
}
/** To another screen without a load: hundreds of those are more than the relay gives one device. */
const go = (page: Page, path: string): Promise<void> =>
  page.evaluate((to) => {
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

describe('hostile strings in the whole product', { timeout: 300_000 }, () => {
  beforeAll(async () => {
    here = await openStage({
      device: DESKTOP,
      prepare: ({ env }) => writeFileAtomic(openState(env).config, `name = ${JSON.stringify(MACHINE)}\n`),
    });
    const state = openState(here.place.env);
    desk = await Listener.connect({ socket: state.daemonSocket });
    sql = postgres({
      host: databasePlace(`${state.root}/relay`).sockets,
      port: 5432,
      user: 'clawtab_admin',
      database: 'clawtab',
      max: 1,
      onnotice: () => undefined,
    });
    here.phone.page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== here.at.origin && url.protocol !== 'blob:') elsewhere.push(request.url());
    });
    here.phone.page.on('dialog', (dialog) => {
      elsewhere.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await here.phone.page.goto(`${here.at.origin}/jobs`);
    const link = await here.phone.page.getByRole('heading', { level: 2 }).getByRole('link').first().getAttribute('href');
    machineId = link!.slice('/machine/'.length);
  }, 120_000);

  afterAll(async () => {
    desk?.client.close();
    await sql?.end({ timeout: 1 });
    await here?.close();
  }, 60_000);

  it('stay text in every row of the rules and of the audit log', async () => {
    const { page } = here.phone;
    expect(PAYLOADS).toHaveLength(300);
    const rules = [];
    for (const text of PAYLOADS)
      rules.push(
        await desk.client.call('policies.add', {
          policy: { effect: 'deny', command: [text], agent: short(text), tool: text.slice(0, 128), directory: text },
        }),
      );
    await go(page, `/machine/${machineId}`);
    const rows = page.getByRole('listitem');
    await rows
      .filter({ hasText: 'Deny' })
      .nth(PAYLOADS.length - 1)
      .waitFor();
    const names = await page.locator('.row .name.mono').evaluateAll((all) => all.map((name) => name.textContent));
    expect(sorted(names.map(String))).toEqual(sorted(PAYLOADS.map(visibleText)));
    const subs = await page.locator('.row:has(.chip) .sub').allTextContents();
    for (const [i, text] of PAYLOADS.entries()) expect(subs[i]).toContain(`in ${visibleText(text)}`);
    await page.getByText('chain intact').waitFor();
    for (let shown = 50; shown < PAYLOADS.length; shown += 50) {
      await page.getByRole('button', { name: 'Older' }).click();
      await page.locator('ol.rows > li').nth(shown).waitFor();
    }
    const entries = await page.locator('ol.rows > li .what > span:first-child').allTextContents();
    const said = rules.map((rule) => visibleText(oneLine(`${rule.by} added the rule: ${describePolicy(rule)}`, 300)));
    expect(sorted(entries)).toEqual(expect.arrayContaining(sorted(said)));
    await clean(page);
    // A rule that a card has filled in.
    for (const text of SEEDS.map((seed) => WRAPS[8]!(seed))) {
      const query = new URLSearchParams({ agent: text, tool: text, command: text, directory: text });
      await go(page, '/settings');
      await go(page, `/machine/${machineId}/rule?${query}`);
      await page.getByText(`Command: ${visibleText(text)}`).waitFor();
      await clean(page);
    }
  });

  it('stay text in security events that a hostile relay has made up, and in the notices of those it knows', async () => {
    const { page } = here.phone;
    const [account] = await sql<{ id: string }[]>`select id from accounts`;
    const hour = Math.floor(Date.now() / 3_600_000);
    // The relay gives the newest two hundred.
    for (const part of [PAYLOADS.slice(0, 150), PAYLOADS.slice(150)]) {
      await sql`delete from security_events`;
      for (const [i, text] of part.entries())
        await sql`insert into security_events (account, kind, device, hour)
          values (${account!.id}, ${i % 5 === 0 ? 'token_misused' : text.replaceAll('\0', '')}, ${text}, ${hour - i})`;
      // Loaded anew: the page tells what it has not told yet.
      await page.goto(`${here.at.origin}/devices`);
      await page.getByRole('button', { name: `Show all ${part.length}` }).click();
      const happened = page.getByRole('list', { name: 'Security events' });
      const devices = await happened.locator('li bdi').allTextContents();
      expect(devices).toEqual(part.map((text) => visibleText(shortId(text))));
      expect(await happened.getByText('Unknown event').count()).toBe(part.length - Math.ceil(part.length / 5));
      await page.locator('.notice').filter({ hasText: 'without its key' }).first().waitFor();
      await clean(page);
      await closeNotices(page);
    }
    await sql`delete from security_events`;
  });

  it('stay text in the names of devices, where the machine’s own turns what follows', async () => {
    const { page } = here.phone;
    const other = await signedIn(here.browser, here.at, here.phone.password, DESKTOP);
    await other.page.goto(`${here.at.origin}/settings`);
    const name = other.page.getByLabel('Name of this device');
    const names = async () => (await desk.client.call('devices.list', {})).devices.map((d) => d.name);
    for (const seed of SEEDS) {
      await name.fill(seed.slice(0, 60));
      await name.blur();
      // The daemon's own rule for names: one line without characters that hide or turn it.
      await expect.poll(names, { timeout: 20_000 }).toContain(seed.slice(0, 60));
      await go(page, '/settings');
      await go(page, '/devices');
      await page.getByRole('list').getByText(seed.slice(0, 60), { exact: true }).first().waitFor();
      await clean(page);
    }
    expect(await foreign(other.page)).toEqual([]);
    await page.getByRole('link', { name: visibleText(MACHINE) }).waitFor();
    await page.getByRole('button', { name: `Remove ${visibleText(MACHINE)}` }).click();
    await page.getByRole('dialog').getByRole('heading').getByText(visibleText(MACHINE)).waitFor();
    await clean(page);
    await page.getByRole('button', { name: 'Keep' }).click();
    await other.context.close();
    await closeNotices(page);
  });

  it('stay text in a saved job, in every field of its editor, and are named where a field cannot show them', async () => {
    const { page } = here.phone;
    for (const [i, seed] of SEEDS.entries()) {
      const all = WRAPS.map((wrap) => wrap(seed));
      const same = {
        cwd: `/${all[8]}`,
        description: all[8]!,
        parameters: all.map((text) => ({ name: short(text), default: text, description: text })),
        schedule: { cron: '0 3 * * *', paused: true },
      };
      await desk.client.call('jobs.save', { job: { name: `c${i}`, type: 'command', command: all, ...same } });
      await desk.client.call('jobs.save', {
        job: { name: `a${i}`, type: 'agent', agent: 'claude', prompt: all.join('\n'), model: all[8]!.slice(0, 128), flags: all, ...same },
      });
    }
    // One that a person, or what has the disk, wrote by hand.
    writeFileAtomic(`${openState(here.place.env).jobs}/broken.toml`, `cwd = "/"\ntype = "command"\n"${SEEDS[0]}" = 1\n`);
    await go(page, '/jobs');
    await page.getByText(`there is no setting “${SEEDS[0]}”`).waitFor();
    await page.getByRole('link', { name: `Edit a${SEEDS.length - 1}`, exact: true }).waitFor();
    await clean(page);
    for (const [i, seed] of SEEDS.entries()) {
      const all = WRAPS.map((wrap) => wrap(seed));
      for (const job of [`c${i}`, `a${i}`]) {
        await page.getByRole('link', { name: `Edit ${job}`, exact: true }).click();
        await expect.poll(() => page.getByRole('textbox', { name: 'Name', exact: true }).inputValue()).toBe(job);
        if (job.startsWith('c')) expect(await page.getByRole('textbox', { name: /^Command/ }).inputValue()).toBe(inLine(joinArgv(all)));
        else expect(await page.getByRole('textbox', { name: /^Prompt/ }).inputValue()).toBe(all.join('\n'));
        const defaults = await page
          .getByLabel(/^Default of parameter/)
          .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
        expect(defaults).toEqual(all.map(inLine));
        const note = page.getByRole('status').filter({ hasText: 'What you cannot see' });
        for (const field of ['Directory: /', 'Description: ', 'Default of parameter 9: '])
          expect(await note.getByText(`${field}${visibleText(all[8]!)}`).count(), field).toBe(1);
        await clean(page);
        await page.getByRole('link', { name: 'Jobs' }).click();
      }
      await page.getByRole('button', { name: `Start c${i}`, exact: true }).click();
      await page.getByRole('dialog').getByText(visibleText(all[9]!)).first().waitFor();
      await clean(page);
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    }
  });

  it('stay text in a schedule that cannot be, as the page and the machine refuse it', async () => {
    const { page } = here.phone;
    await go(page, `/jobs/${machineId}/new`);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('odd');
    await page.getByRole('button', { name: 'Command' }).click();
    await page.getByRole('textbox', { name: /^Command/ }).fill('true');
    // The one it offers is that of the job before, which is refused first.
    await page.getByLabel('Directory', { exact: true }).fill(here.place.home);
    await page.getByLabel('When').selectOption('own');
    const next = page.locator('fieldset .hint');
    for (const [i, text] of PAYLOADS.map(inLine).entries()) {
      await page.getByLabel('Cron', { exact: true }).fill(text);
      await page.getByLabel('Time zone').fill(text);
      await next.filter({ hasNotText: /^(?:Next|Never)/ }).waitFor();
      if (visibleText(text) !== text) await page.getByText(`Cron: ${visibleText(text)}`).waitFor();
      if (i % WRAPS.length === 8) {
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByRole('alert').filter({ hasText: 'schedule' }).waitFor();
      }
      if (i % 3 === 0) await clean(page);
    }
    expect(here.phone.faults).toEqual([]);
    expect(elsewhere).toEqual([]);
  });
});
