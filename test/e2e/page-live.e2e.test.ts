// The page in a real browser with the real product behind it: what a person sees of runs that really happen.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { chromiumPath, launchChromium } from '../page/chromium.ts';
import { startCutNetwork, type CutNetwork } from '../page/cut-network.ts';
import { shownLines } from '../page/log-in-view.ts';
import { watchFaults } from '../page/page-faults.ts';
import { endedRun, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const numbers = 1_000_000;
const cuts = 5;
const patienceMs = 120_000;

describe.skipIf(chromiumPath === null)(
  'the page and the real product (skipped where there is no Chromium: set CHROMIUM)',
  () => {
    let browser: Browser;
    let sluice: SluiceRig;
    let network: CutNetwork;
    let context: BrowserContext;
    let page: Page;
    let faults: readonly string[];

    beforeAll(async () => {
      await build({ root: 'web', configFile: 'web/vite.config.ts', logLevel: 'error' });
      browser = await launchChromium(chromiumPath ?? '');
      sluice = await startSluice();
      network = await startCutNetwork(sluice.url);
      context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' });
      const signedIn = await context.request.post(`${network.url}/api/session`, {
        data: { token: sluice.api.token },
      });
      expect(signedIn.status()).toBe(201);
    });
    afterAll(async () => {
      await browser.close();
      await network[Symbol.asyncDispose]();
      await sluice[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      page = await context.newPage();
      page.setDefaultTimeout(patienceMs);
      faults = watchFaults(page);
    });
    afterEach(async () => {
      await page.close();
      expect(faults).toEqual([]);
    });

    /** Lines that the toolbar speaks of: `1,234 lines so far`, `complete: 1,234 lines, digest ok`. */
    const countedLines = () =>
      page.evaluate(() => {
        const text = document.querySelector('.log-toolbar')?.textContent ?? '';
        return Number(/([\d,]+) lines/.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
      });
    const untilLines = async (least: number) => {
      await expect.poll(countedLines, { timeout: patienceMs, interval: 20 }).toBeGreaterThanOrEqual(least);
    };
    /** In one look: the last line that is drawn, and how many the page says there are. */
    const end = () =>
      page.evaluate(() => {
        const text = document.querySelector('.log-toolbar')?.textContent ?? '';
        const drawn = [...document.querySelectorAll('.log-line')].map((row) =>
          Number(row.getAttribute('data-n')),
        );
        return {
          last: Math.max(...drawn),
          counted: Number(/([\d,]+) lines/.exec(text)?.[1]?.replaceAll(',', '') ?? 0),
        };
      });

    test('a million lines are followed to their end, with the connection cut on the way', async () => {
      const repository = await sluice.repository('flood');
      const commit = await repository.push({
        '.sluice.yml': `name: flood\non: { push: {} }\nstages:\n  flood: { image: '${image}', steps: [seq 1 ${numbers}] }\n`,
      });
      const { id } = await runOf(sluice.api, commit);
      await page.goto(`${network.url}/runs/${id}`);
      await page.waitForSelector('.log-line');
      const before = network.opened();
      for (let cut = 1; cut <= cuts; cut += 1) {
        await untilLines((cut * numbers) / (cuts + 2));
        const { last, counted } = await end();
        expect(last).toBe(counted);
        network.cut();
        await expect.poll(network.opened, { timeout: patienceMs }).toBeGreaterThanOrEqual(before + cut);
      }

      // Whoever scrolls up reads on undisturbed.
      await page.mouse.move(900, 700);
      await page.mouse.wheel(0, -2_000);
      await page.waitForSelector('.log-toggle[aria-pressed=false]:has-text("Follow")');
      const read = (await shownLines(page)).filter((line) => line.top >= 0)[0];
      await untilLines((await countedLines()) + 1_000);
      expect((await shownLines(page)).filter((line) => line.top >= 0)[0]).toEqual(read);
      await page.keyboard.press('f');
      const isAtEnd = async () => {
        const { last, counted } = await end();
        return last === counted;
      };
      await expect.poll(isAtEnd, { timeout: patienceMs }).toBe(true);

      const run = await endedRun(sluice.api, commit);
      const log = run.attempts[0]?.log;
      expect(log?.verified).toBe(true);
      await page.waitForSelector('.log-complete');
      expect(await page.textContent('.log-complete')).toBe(
        `complete: ${log?.lines.toLocaleString('en-US')} lines, digest ok`,
      );
      await expect
        .poll(async () => (await shownLines(page)).at(-1)?.number, { timeout: patienceMs })
        .toBe(log?.lines);
      await expectNoGap(run);

      await page.fill('.log-search input', ':500000');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.log-line[data-n="500000"] .log-text:not(:empty)');
      expect(await textOf(500_000)).toBe(await storedText(run, 500_000));
    });

    const textOf = (line: number) => page.textContent(`.log-line[data-n="${line}"] .log-text`);
    const storedText = async (run: RunView, line: number) => {
      const address = `/api/attempts/${run.attempts[0]?.id}/log?from=${line - 1}&limit=1`;
      return (await sluice.api.call<LogPage>('GET', address)).lines[0]?.text;
    };
    /** The drawn lines are those that the server holds, number by number. */
    const expectNoGap = async (run: RunView) => {
      const drawn = (await shownLines(page)).filter((line) => line.text !== '');
      const first = drawn[0]?.number ?? 0;
      const address = `/api/attempts/${run.attempts[0]?.id}/log?from=${first - 1}&limit=${drawn.length}`;
      const { lines } = await sluice.api.call<LogPage>('GET', address);
      expect(drawn.map(({ number, text }) => [number, text])).toEqual(
        lines.map(({ n, text }) => [n + 1, text]),
      );
    };

    test('an approval is given with the keyboard and the run goes on', async () => {
      const repository = await sluice.repository('approval');
      const commit = await repository.push({
        '.sluice.yml': [
          'name: approval',
          'on: { push: {} }',
          'stages:',
          '  accept: { approve: { within: 1h } }',
          `  publish: { needs: [accept], image: '${image}', steps: [echo published by a person] }`,
        ].join('\n'),
      });
      const { id } = await runOf(sluice.api, commit);
      await page.goto(`${network.url}/runs/${id}`);
      await page.waitForSelector('.notice');
      expect(await page.title()).toMatch(/^✋ #\d+ approval/);
      await page.keyboard.press('a');
      await page.waitForSelector('[role=dialog]');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.notice', { state: 'detached' });
      expect((await endedRun(sluice.api, commit)).status).toBe('succeeded');
      await page.waitForSelector('.run-head [data-state=succeeded]');
      expect(await page.title()).toMatch(/^✓ #\d+ approval/);
      await page.waitForSelector('.log-text:text-is("published by a person")');
    });

    test('a push appears in the list by itself, and its failed run opens its first failure', async () => {
      const repository = await sluice.repository('failing');
      await page.goto(`${network.url}/runs`);
      await page.waitForSelector('.run-row');
      await page.evaluate(() => Object.assign(window, { isSamePage: true }));
      const commit = await repository.push(
        {
          '.sluice.yml': [
            'name: failing',
            'on: { push: {} }',
            'stages:',
            `  before: { image: '${image}', steps: [echo fine] }`,
            `  broken: { needs: [before], image: '${image}', steps: [echo look here, exit 7] }`,
          ].join('\n'),
        },
        'break it',
      );
      const { id } = await runOf(sluice.api, commit);
      await page.waitForSelector(`#run-${id} [data-state=failed]`);
      expect(await page.evaluate(() => 'isSamePage' in window)).toBe(true);
      await page.click(`#run-${id} a`);
      await page.waitForURL(`**/runs/${id}`);
      await page.waitForSelector('.stage-failure');
      expect(await page.textContent('.stage-side strong')).toBe('broken');
      expect(await page.textContent('.stage-failure')).toContain('exit 7');
      await page.waitForSelector('.log-text:text-is("look here")');
    });

    test('the sign-in link works once, and says afterwards how to make another', async () => {
      const link = /sign in once with (\S+)/.exec(sluice.output())?.[1] ?? '';
      const { pathname, search } = new URL(link);
      const stranger = await browser.newContext({ locale: 'en-GB' });
      const first = await stranger.newPage();
      await first.goto(network.url + pathname + search);
      await first.waitForURL('**/runs');
      await first.waitForSelector('h1:text-is("Runs")');
      await stranger.close();

      const another = await browser.newContext({ locale: 'en-GB' });
      const second = await another.newPage();
      await second.goto(network.url + pathname + search);
      await second.waitForSelector('.login-refused');
      expect(await second.textContent('.login-refused')).toContain('has been used or has expired');
      expect(await second.textContent('.login-page')).toContain('npx sluice login');
      await another.close();
    });
  },
);
