/**
 * Pushes on the page's side: the real service worker opens what the daemon's key has sealed, shows it, and an answer tapped there reaches the
 * agent with no page open. The browser's tools deliver the push, since a Chromium without its push service cannot subscribe.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../shared/bytes.ts';
import { type PushMessage, sealPush } from '../../shared/push-seal.ts';
import { PHONE } from '../rig/browser.ts';
import { violations } from './axe.ts';
import { openStage, permissionCard, pretendSubscription, type Stage, workerReady } from './page-rig.ts';
import { type PushTools, pushTools } from './push-rig.ts';

let here: Stage;
let tools: PushTools;
let count = 0;

interface BookEntry {
  push?: { key: string };
  pushCount?: number;
  shownAt?: number;
  wishes?: { questions: string; quiet?: { fromMin: number; toMin: number } };
}

/** What the daemon keeps of the phone, from its own file. */
function bookEntry(): BookEntry {
  const find = (folder: string): string | undefined => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const full = join(folder, entry.name);
      if (entry.isDirectory()) {
        const inner = find(full);
        if (inner) return inner;
      } else if (entry.name === 'devices.json' && readFileSync(full, 'utf8').includes('"push"')) return full;
    }
    return undefined;
  };
  const book = JSON.parse(readFileSync(find(here.place.home)!, 'utf8')) as { devices: Record<string, BookEntry> };
  return Object.values(book.devices).find((d) => d.push)!;
}
const pushKeyOfDaemon = () => ({ key: fromBase64url(bookEntry().push!.key)! });

async function push(message: Omit<PushMessage, 'v' | 'n' | 'exp'> & { n?: number; exp?: number }): Promise<void> {
  const sealed = await sealPush(pushKeyOfDaemon().key, { v: 1, n: ++count, exp: Date.now() + 60_000, ...message });
  await tools.deliver(toBase64url(sealed));
}

describe('pushes', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    here = await openStage({ device: { ...PHONE, permissions: ['notifications'] } });
    await workerReady(here.phone.page);
    await pretendSubscription(here.phone.context);
    await here.phone.page.goto(`${here.at.origin}/settings`);
    await here.phone.page.getByRole('button', { name: 'Notify me' }).click();
    await here.phone.page.getByRole('button', { name: 'Turn off here' }).waitFor();
    tools = await pushTools(here.phone, here.at.origin);
    await here.phone.page.goto(here.at.origin);
    await here.phone.page.getByRole('button', { name: 'Try it' }).click();
    await permissionCard(here.phone.page).waitFor();
  }, 120_000);

  afterAll(async () => {
    await here?.close();
  }, 60_000);

  /** The open question as the daemon would push it. */
  async function theQuestion(): Promise<Omit<PushMessage, 'v' | 'n' | 'exp'>> {
    const read = () =>
      here.phone.page.evaluate(
        () =>
          new Promise<{ id: string; snapshot: { machine: { name: string }; questions: Record<string, unknown>[] } }[]>((resolve) => {
            const request = indexedDB.open('clawtab');
            request.onsuccess = () => {
              const all = request.result.transaction('machines').objectStore('machines').getAll();
              all.onsuccess = () => {
                request.result.close();
                resolve(all.result);
              };
            };
          }),
      );
    await expect.poll(async () => (await read())[0]?.snapshot.questions.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const state = await read();
    const [machine] = state;
    const question = machine!.snapshot.questions[0] as {
      qid: string;
      run: string;
      rev: number;
      digest: string;
      labelDigests: string[];
      question: { title: string; text: string; detail: string; options: { label: string; dangerous?: boolean }[] };
    };
    return {
      kind: 'question',
      machine: { id: machine!.id, name: machine!.snapshot.machine.name },
      tag: question.run,
      title: `demo: ${question.question.title}`,
      body: `${question.question.detail}\n${question.question.text}`,
      run: question.run,
      qid: question.qid,
      rev: question.rev,
      digest: question.digest,
      options: question.question.options.map((o, index) => ({
        index,
        label: o.label,
        labelDigest: question.labelDigests[index]!,
        ...(o.dangerous ? { dangerous: true } : {}),
      })),
    };
  }

  it('shows the test push, with a receipt in the settings', async () => {
    const { machine } = await theQuestion();
    await here.phone.page.goto(`${here.at.origin}/settings`);
    await here.phone.page.getByRole('button', { name: 'Turn off here' }).waitFor();
    await push({ kind: 'test', tag: 'test', title: 'ClawTab works', body: 'Sealed.', machine });
    await expect.poll(tools.shown).toContainEqual({ title: 'ClawTab works', body: 'Sealed.', tag: `${machine.id}/test`, actions: [] });
    await here.phone.page.getByText('Arrived on this device').waitFor();
    await here.phone.page.goto(here.at.origin);
    await permissionCard(here.phone.page).waitFor();
  });

  it('gives the machine a receipt for what it has shown, with the page open and with none', async () => {
    const { machine } = await theQuestion();
    // The daemon's own pushes do not get out of this machine; that it has counted them makes a receipt for that number one that it takes.
    const counted = async (n: number): Promise<void> => {
      await here.phone.page.goto(`${here.at.origin}/settings`);
      while ((bookEntry().pushCount ?? 0) < n) {
        const before = bookEntry().pushCount ?? 0;
        await here.phone.page.getByRole('button', { name: /^Test / }).click();
        await expect.poll(() => bookEntry().pushCount ?? 0, { timeout: 20_000 }).toBeGreaterThan(before);
      }
    };
    const shownAt = (): number => bookEntry().shownAt ?? 0;
    await counted(count + 2);
    const first = shownAt();
    await push({ kind: 'test', tag: 'test', title: 'ClawTab works', body: 'Sealed.', machine });
    await expect.poll(shownAt, { timeout: 20_000 }).toBeGreaterThan(first);
    await here.phone.page.close();
    const second = shownAt();
    await push({ kind: 'test', tag: 'test', title: 'ClawTab works', body: 'Sealed.', machine });
    await expect.poll(shownAt, { timeout: 20_000 }).toBeGreaterThan(second);
    const page = await here.phone.context.newPage();
    page.setDefaultTimeout(30_000);
    here.phone = { ...here.phone, page };
  });

  it('keeps at the machine what the phone wants to hear, and can be set without a pointer or a guess', async () => {
    const { page } = here.phone;
    await page.goto(`${here.at.origin}/settings`);
    await page.getByRole('combobox', { name: 'Questions' }).selectOption('late');
    await page.getByRole('checkbox', { name: 'Quiet hours' }).check();
    await page.getByLabel('From').fill('23:30');
    await expect
      .poll(() => bookEntry().wishes, { timeout: 20_000 })
      .toMatchObject({
        questions: 'late',
        escalateMin: 10,
        quiet: { fromMin: 23 * 60 + 30, toMin: 7 * 60 },
      });
    expect(await violations(page)).toEqual([]);
    await page.reload();
    await expect.poll(() => page.getByLabel('From').inputValue()).toBe('23:30');
    await page.getByRole('checkbox', { name: 'Quiet hours' }).uncheck();
    await page.getByRole('combobox', { name: 'Questions' }).selectOption('now');
    await expect.poll(() => bookEntry().wishes?.quiet, { timeout: 20_000 }).toBeUndefined();
    await page.goto(here.at.origin);
    await permissionCard(page).waitFor();
  });

  it('shows something, and nothing of the content, for a push that nobody of ours has sealed', async () => {
    await tools.deliver(toBase64url(crypto.getRandomValues(new Uint8Array(600))));
    await expect
      .poll(async () => (await tools.shown()).find((n) => n.tag === 'clawtab')?.body)
      .toBe('A machine has something to say. Open to see it.');
  });

  it('takes no push twice', async () => {
    const { machine } = await theQuestion();
    await push({ kind: 'ended', tag: 'replayed', title: 'old news', body: 'Done.', machine, n: count });
    await expect.poll(async () => (await tools.shown()).find((n) => n.tag === 'clawtab')?.body).toBe('Open to see what is waiting.');
    expect((await tools.shown()).some((n) => n.title === 'old news')).toBe(false);
  });

  it('offers the safe options only, and none where the question is cut', async () => {
    const question = await theQuestion();
    await push({ ...question, tag: 'cut', body: `${'x'.repeat(390)}…` });
    await expect.poll(async () => (await tools.shown()).find((n) => n.tag.endsWith('/cut'))?.actions).toEqual([]);
    await push(question);
    await expect
      .poll(async () => (await tools.shown()).find((n) => n.tag.endsWith(`/${question.tag}`))?.actions)
      .toEqual(['Yes', 'No, and tell the demo what to do instead']);
  });

  it('answers from the notification with no page open, and shows the outcome in its place', async () => {
    const question = await theQuestion();
    await here.phone.page.close();
    const tag = `${question.machine.id}/${question.tag}`;
    await tools.tap(tag, 'Yes');
    await expect
      .poll(async () => (await tools.shown()).find((n) => n.tag === tag)?.body, { timeout: 30_000 })
      .toBe('“Yes”: typed, and the agent went on.');
    const page = await here.phone.context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(here.at.origin);
    await page.getByRole('article').filter({ hasText: 'What should the commit message be?' }).waitFor();
    here.phone = { ...here.phone, page };
  });

  it('is replaced in place, without a sound, when the question was settled elsewhere', async () => {
    const question = await theQuestion();
    const tag = `${question.machine.id}/${question.tag}`;
    const { options: _options, ...settled } = question;
    await push({ ...settled, kind: 'settled', body: 'Answered at the desk.' });
    await expect.poll(async () => (await tools.shown()).filter((n) => n.tag === tag).map((n) => n.body)).toEqual(['Answered at the desk.']);
  });
});
