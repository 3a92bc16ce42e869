// The page in a real browser, built as it is shipped, with the fixture server behind it.
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFixtureServer, type FixtureServer } from '../../web/test-server/fixture-server.ts';
import { known } from '../../web/test-server/fixture-known.ts';
import { chromiumPath, launchChromium } from '../page/chromium.ts';
import { contrast } from '../page/contrast.ts';
import { misplaced, scrollLogTo, shownLines } from '../page/log-in-view.ts';
import { namelessControls, watchFaults } from '../page/page-faults.ts';

describe.skipIf(chromiumPath === null)(
  'the page in Chromium (skipped where there is none: set CHROMIUM)',
  () => {
    let browser: Browser;
    let server: FixtureServer;
    let page: Page;
    let faults: readonly string[];

    beforeAll(async () => {
      await build({ root: 'web', configFile: 'web/vite.config.ts', logLevel: 'error' });
      browser = await launchChromium(chromiumPath ?? '');
    });
    afterAll(() => browser.close());

    beforeEach(async () => {
      server = await startFixtureServer({ mode: 'full' });
      page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' });
      faults = watchFaults(page);
    });
    afterEach(async () => {
      await page.close();
      await server.close();
      expect(faults).toEqual([]);
    });

    const open = async (address: string, sign: string) => {
      await page.goto(server.url + address);
      await page.waitForSelector(sign);
    };
    const openLog = async (run: string) => {
      await open(`/runs/${run}?stage=integration`, '.log-line');
      await settled();
    };
    /** Every drawn line has its text. */
    const settled = () =>
      page.waitForFunction(() => {
        const rows = [...document.querySelectorAll('.log-line .log-text')];
        return rows.length > 0 && rows.every((row) => row.textContent !== '');
      });

    test('combinations of a matrix have one box, and each its own log behind it', async () => {
      await open(`/runs/${known.matrix}`, '.log-line');
      const box = page.locator('.stage-box[data-many="true"]');
      expect(await page.locator('.stage-box').count()).toBe(3);
      expect(await box.innerText()).toContain('3 of 6');
      expect(await box.getAttribute('data-state')).toBe('failed');
      expect(await box.getAttribute('aria-pressed')).toBe('true');
      await page.getByText('All combinations of test').click();
      await page.getByText('node 24, os windows').click();
      await page.waitForSelector('.stage-panel[aria-label="test (24, windows)"]');
    });

    test('a log of a million lines opens at its end, with few lines read', async () => {
      const reads: string[] = [];
      page.on('request', (request) => {
        if (request.url().includes('/log?')) reads.push(request.url());
      });
      await openLog(known.millionLines);
      const lines = await shownLines(page);
      expect(lines.at(-1)?.number).toBe(1_000_000);
      expect(misplaced(lines)).toEqual([]);
      expect(reads.length).toBeLessThanOrEqual(3);
      expect(await page.textContent('.log-complete')).toBe('complete: 1,000,000 lines, digest ok');
    });

    test('every place of a log of 100,000 lines shows the lines that belong there', async () => {
      await openLog(known.hundredThousandLines);
      await page.evaluate(() => {
        Object.assign(window, { longTasks: [] });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) Reflect.get(window, 'longTasks').push(entry.duration);
        }).observe({ entryTypes: ['longtask'] });
      });
      for (let n = 0; n <= 40; n += 1) {
        await scrollLogTo(page, n / 40);
        await settled();
        const lines = await shownLines(page);
        expect(misplaced(lines)).toEqual([]);
        const middle = lines[Math.floor(lines.length / 2)]?.number ?? 0;
        expect(Math.abs(middle - (n / 40) * 100_000)).toBeLessThan(60);
      }
      const longTasks = await page.evaluate(() => Reflect.get(window, 'longTasks') as readonly number[]);
      console.log(
        `page: 40 jumps through 100,000 lines: ${longTasks.length} long tasks, longest ${Math.round(Math.max(0, ...longTasks))} ms`,
      );
    });

    test('a line of the address is shown and marked, in the middle of a million', async () => {
      await open(`/runs/${known.millionLines}?stage=integration#L654321`, '.log-line[data-target=true]');
      await settled();
      expect(await page.getAttribute('.log-line[data-target=true]', 'data-n')).toBe('654321');
      expect(misplaced(await shownLines(page))).toEqual([]);
    });

    test('the wheel moves by rows, also in a log whose scroll bar is scaled', async () => {
      await openLog(known.millionLines);
      const topLine = async () => (await shownLines(page)).find((line) => line.top >= 0)?.number ?? 0;
      const before = await topLine();
      await page.mouse.move(900, 700);
      await page.mouse.wheel(0, -180);
      await expect.poll(async () => Math.abs(before - 10 - (await topLine()))).toBeLessThanOrEqual(1);
      await page.mouse.wheel(0, 400);
      await page.mouse.wheel(0, 400);
      await expect.poll(async () => (await shownLines(page)).at(-1)?.number).toBe(1_000_000);
      expect(Math.abs((await topLine()) - before)).toBeLessThanOrEqual(1);
    });

    test('a step of a finished stage is found in a million lines', async () => {
      await openLog(known.millionLines);
      await page.click('.step-list li:nth-child(2) button');
      await page.waitForSelector('.log-line[data-opens=true]');
      expect(await page.textContent('.log-line[data-opens=true] .log-opens-name')).toBe('migrate');
    });

    test('a finished step folds to its first line, and a hidden line that is asked for is shown', async () => {
      await open(`/runs/${known.millionLines}?stage=integration#L5`, '.log-opens');
      await page.click('.log-opens');
      await page.waitForSelector('.log-line[data-n="333337"]');
      await settled();
      expect((await shownLines(page)).map((line) => line.number).slice(2, 6)).toEqual([
        3, 4, 333_337, 333_338,
      ]);
      expect(await page.textContent('.log-line[data-n="4"] .log-opens')).toContain('start services');
      await page.fill('.log-search input', ':100000');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.log-line[data-n="100000"] .log-text:not(:empty)');
      await settled();
      expect(misplaced(await shownLines(page))).toEqual([]);
    });

    test('a line that is longer than the view is read whole when it is linked to', async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await open(`/runs/${known.failed}#L134`, '.log-whole');
      expect(await page.textContent('.log-whole > span')).toContain(
        'a charge is retried once after a timeout',
      );
      await page.click('.log-whole button');
      await page.waitForSelector('.log-whole', { state: 'detached' });
    });

    test('a rolled-back deployment says so, with the share of the time of its counts', async () => {
      await open(`/runs/${known.rolledBack}`, '.stage-failure');
      expect(await page.textContent('.stage-failure strong')).toBe('Rolled back');
      await open(`/rollouts/${known.rolloutBack}`, '.evidence');
      const shares = await page.locator('.evidence td:nth-of-type(2) small').allTextContents();
      expect(shares).toEqual(['intended 90 %', 'intended 10 %']);
    });

    test('the tab says how the run stands, and is plain again afterwards', async () => {
      await open(`/runs/${known.failed}`, '.run-head');
      expect(await page.title()).toBe('✗ #416 shop');
      expect(await page.getAttribute('link[rel=icon]', 'href')).toContain('data:image/svg+xml');
      await page.keyboard.type('gr');
      await page.waitForSelector('.run-row');
      expect(await page.title()).toBe('Sluice');
    });

    test('a token is removed after a question, and an environment gets another place', async () => {
      await open('/settings/tokens', '.settings-table tbody tr');
      await page.click('.settings-table tbody tr:nth-child(2) button');
      await page.click('[role=dialog] .danger');
      await expect.poll(() => server.changes.at(-1)).toMatchObject({ method: 'DELETE' });
      await open('/environments', '.environment');
      await page.click('[aria-label="Change where preview is"]');
      await page.getByLabel('Port').fill('9000');
      await page.keyboard.press('Enter');
      await expect
        .poll(() => server.changes.at(-1))
        .toMatchObject({ path: '/api/environments/preview', body: { kind: 'docker', listenPort: 9_000 } });
    });

    test('clusters with something to say are named with what to do, the good ones counted, and a look asked for', async () => {
      await open('/environments', '[aria-label=regions]');
      const card = page.locator('[aria-label=regions]');
      const told = await card.locator('.environment-drift').allTextContents();
      expect(told).toEqual([
        expect.stringMatching(/^hz-2.*may not get, patch httproutes\/shop.*resourceNames: \[shop\]/s),
        expect.stringMatching(/^sh-1.*could not be looked at: The deploy target does not answer/s),
      ]);
      expect(await card.textContent()).toContain('1 cluster is as it was released');
      await page.click('[aria-label="Have somebody look at regions now"]');
      await expect
        .poll(() => server.changes.at(-1))
        .toMatchObject({ method: 'POST', path: '/api/environments/regions/check' });
    });

    test('ten cuts in the middle of a live log miss nothing and repeat nothing', async () => {
      await openLog(known.running);
      const log = server.world.logs.get(known.growing);
      if (log === undefined) throw new Error('the fixture has no growing log');
      for (let cut = 1; cut <= 10; cut += 1) {
        log.lines += 500;
        server.live.logGrew(known.growing);
        server.live.cut();
        log.lines += 500;
        await expect.poll(() => server.live.connections()).toBe(cut + 1);
        await page.waitForFunction(
          (total) => document.querySelector(`.log-line[data-n="${total}"]`) !== null,
          log.lines,
        );
      }
      log.isComplete = true;
      server.live.logGrew(known.growing);
      await page.waitForSelector('.log-complete');
      expect(await page.textContent('.log-complete')).toBe('complete: 10,400 lines, digest ok');
      for (const part of [1, 0.75, 0.5, 0.25, 0]) {
        await scrollLogTo(page, part);
        await settled();
        expect(misplaced(await shownLines(page))).toEqual([]);
      }
    });

    test('a log follows its end until the reader scrolls up, and again when told to', async () => {
      await openLog(known.running);
      const log = server.world.logs.get(known.growing);
      if (log === undefined) throw new Error('the fixture has no growing log');
      await page.mouse.move(900, 600);
      await page.mouse.wheel(0, -600);
      await page.waitForSelector('.log-toggle[aria-pressed=false]:has-text("Follow")');
      const before = await shownLines(page);
      log.lines += 300;
      server.live.logGrew(known.growing);
      await page.waitForFunction(() =>
        document.querySelector('.log-toolbar')?.textContent?.includes('700 lines'),
      );
      expect((await shownLines(page))[0]).toEqual(before[0]);
      await page.keyboard.press('f');
      await page.waitForSelector('.log-line[data-n="700"]');
    });

    test('searching a log goes from match to match and marks them', async () => {
      await open(`/runs/${known.failed}`, '.log-line');
      await page.keyboard.press('/');
      await page.keyboard.type('charge is retried');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.log-line[data-match=true] mark');
      // The count follows the last letter a moment later than the match does.
      await page.waitForFunction(() =>
        document.querySelector('.log-search [role=status]')?.textContent?.includes('2 of 2'),
      );
      await page.keyboard.press('Enter');
      await page.waitForFunction(() =>
        document.querySelector('.log-search [role=status]')?.textContent?.includes('1 of 2'),
      );
    });

    test('a log that is too long to be held is searched by the server, and its matches are gone to', async () => {
      await openLog(known.millionLines);
      await page.fill('.log-search input', 'LINE 123456 ');
      await page.waitForFunction(() =>
        document.querySelector('.log-search [role=status]')?.textContent?.includes('0 of 1'),
      );
      await page.keyboard.press('Enter');
      await page.waitForSelector('.log-line[data-n="123456"][data-match=true] mark');
      await page.fill('.log-search input', 'this is nowhere');
      await page.waitForFunction(
        () => document.querySelector('.log-search [role=status]')?.textContent === 'no match',
      );
    });

    test('the first failure is open when a failed run is opened', async () => {
      await open(`/runs/${known.failed}`, '.log-line');
      expect(await page.textContent('.stage-side strong')).toBe('unit');
      expect(await page.textContent('.stage-failure')).toContain('exit 1');
    });

    test('what the tests said stands beside the log: the failed one with why, how it was before, what is flaky', async () => {
      await open(`/runs/${known.failed}`, '.stage-tests .failed-test');
      expect(await page.textContent('.tests-counts')).toBe('54 passed1 failed2 skipped');
      expect(await page.textContent('.stage-tests')).toContain('81.5 % of 4,920 lines covered (+0.3 points)');
      await page.click('.failed-test summary');
      expect(await page.textContent('.failed-test')).toContain('expected 1 to be 2');
      expect(await page.textContent('.failed-test .tag')).toBe('flaky');
      expect(await page.locator('.tests-trend a').count()).toBe(24);
    });

    /** The terminal's rows, without the spaces that fill them. */
    const terminalText = async () =>
      (await page.locator('.shell-terminal .xterm-rows > div').allTextContents())
        .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
        .join('\n');
    const untilTerminal = async (text: string | RegExp) => {
      await expect.poll(terminalText, { timeout: 20_000 }).toMatch(text);
    };
    const openShell = async (run: string, stage: string) => {
      await open(`/runs/${run}?stage=${stage}`, '.log-line');
      await page.click('.stage-side button:has-text("Shell")');
      await page.waitForSelector('.shell-terminal .xterm-rows');
    };

    test('a shell is typed into, takes Esc and Tab, and follows the size of its window', async () => {
      await openShell(known.running, 'integration');
      await untilTerminal('workspace');
      await page.keyboard.type('echo hello$((1+1))\n');
      await untilTerminal('hello2');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Tab');
      await untilTerminal(/\^\[\^I/);
      expect(await namelessControls(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await page.setViewportSize({ width: 700, height: 600 });
      const columns = async () => {
        await page.keyboard.type('stty size\n');
        return Number(/^\d+ (\d+)$/m.exec(await terminalText())?.[1]);
      };
      await expect.poll(columns).toBeLessThan(90);
      await page.keyboard.press('Shift+F6');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.shell-terminal', { state: 'detached' });
      await expect.poll(() => server.shells.open()).toBe(0);
      expect(server.shells.asked.at(-1)).toBe(known.growing);
    });

    test('the end of a shell is said in the server’s words, and another one is opened by hand', async () => {
      await openShell(known.running, 'integration');
      await untilTerminal('workspace');
      await page.keyboard.type('exit 7\n');
      await page.waitForSelector('.shell-ended:has-text("exit code 7")');
      const message = 'there are 4 shells in this stage and 9 in all: close one of them first';
      server.shells.refuseWith({ reason: 'too-many-shells', message, exitCode: null });
      await page.click('button:has-text("Open another")');
      await page.waitForSelector(`.shell-ended:has-text("${message}")`);
      server.shells.refuseWith(null);
      await page.click('button:has-text("Open another")');
      await untilTerminal('workspace');
      server.shells.cut();
      await page.waitForSelector('.shell-ended:has-text("The connection was cut")');
      server.shells.refuseWith({
        reason: 'not-open',
        message: 'stage "integration" is over',
        exitCode: null,
      });
      await page.click('button:has-text("Open another")');
      await page.waitForSelector('.shell-ended:has-text("is over")');
      expect(await page.locator('button:has-text("Open another")').count()).toBe(0);
    });

    test('a failed stage that is kept is entered, and released after a question', async () => {
      await openShell(known.failed, 'unit');
      await untilTerminal('workspace');
      await page.click('[aria-label="Close the shell"]');
      await page.click('.stage-side button:has-text("Release")');
      await page.click('[role=dialog] .danger');
      const attempt = known.attemptOf(416, 2);
      await expect
        .poll(() => server.changes.at(-1))
        .toMatchObject({ method: 'DELETE', path: `/api/attempts/${attempt}/hold` });
      await page.waitForSelector('[role=dialog]', { state: 'detached' });
      await open(`/runs/${known.failed}?stage=lint`, '.stage-side strong:text-is("lint")');
      expect(await page.locator('.stage-side button:has-text("Shell")').count()).toBe(0);
    });

    test('a broken pipeline file shows each message with its line, underlined', async () => {
      await open(`/runs/${known.broken}`, '.diagnostics');
      expect(await page.locator('.diagnostics u').allTextContents()).toEqual(['bulid', 'enviroment', 'scan']);
    });

    test('a diagnostic leads to the section that explains it, on a page that the server has itself', async () => {
      await open(`/runs/${known.broken}`, '.diagnostics');
      await page.click('.diagnostics >> text=documentation: needs');
      await page.waitForURL('**/docs/language#needs');
      const heading = page.locator('.docs-text h3[data-wanted=true]');
      expect(await heading.textContent()).toBe('needs');
      await expect.poll(async () => (await heading.boundingBox())?.y ?? 9_999).toBeLessThan(200);
      await page.locator('.docs-text a[href="/docs/gate"]').click();
      await page.waitForSelector('.docs-text h1:has-text("gate")');
      expect(await namelessControls(page)).toEqual([]);
    });

    /** What stands below the field of an input. */
    const fieldError = (name: string) => page.locator(`[id="start-input-${name}-error"]`).textContent();

    test('a run is started by hand from the keyboard, with a field for each input of its kind', async () => {
      await open('/runs', '.run-row');
      await page.keyboard.press('n');
      await page.waitForSelector('#start-input-rounds');
      expect(await namelessControls(page)).toEqual([]);
      expect(await page.locator('[role=dialog] label').allTextContents()).toEqual([
        'Repository',
        'Branch *',
        'Commit',
        'Pipeline',
        'level',
        'rounds *',
        'dry_run',
        'note',
        'target *',
      ]);
      expect(await page.textContent('[role=dialog]')).toContain('How much is logged');
      await page.focus('#start-input-note');
      await page.keyboard.press('Enter');
      expect(await fieldError('rounds')).toBe('Fill this in: it has no default.');
      expect(await fieldError('target')).toBe('Fill this in: it has no default.');
      expect(server.changes).toEqual([]);
      // The first field that is wrong has the focus.
      await page.waitForSelector('#start-input-rounds:focus');
      await page.keyboard.type('7');
      await page.keyboard.press('Tab');
      await page.waitForSelector('#start-input-dry_run:focus');
      await page.keyboard.press('Space');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.waitForSelector('#start-input-target:focus');
      await page.keyboard.type('stag');
      await expect.poll(() => page.locator('[role=option]:visible').allTextContents()).toEqual(['staging']);
      await page.keyboard.press('ArrowDown');
      await page.waitForSelector('[role=option][data-combobox-selected]');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.inputValue('#start-input-target')).toBe('staging');
      await page.focus('#start-input-note');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/runs/${known.running}`);
      expect(server.changes).toMatchObject([
        {
          method: 'POST',
          path: '/api/runs',
          body: {
            repository: 'acme/shop',
            branch: 'main',
            pipeline: 'ci',
            inputs: { level: 'info', rounds: 7, dry_run: true, note: 'none', target: 'staging' },
          },
        },
      ]);
    });

    test('what cannot be started by hand says why, and a branch that is not there says so', async () => {
      await open('/settings/repositories', '.settings-table');
      await page.click('button[aria-label="Start a run: acme/tools"]');
      await page.waitForSelector('[role=dialog] [role=status]');
      expect(await page.textContent('[role=dialog] [role=status]')).toContain(
        '.sluice.yml has no manual below on',
      );
      const submit = page.locator('[role=dialog] button[type=submit]');
      expect(await submit.isDisabled()).toBe(true);
      await page.click('[role=dialog] >> text=Cancel');
      await page.click('button[aria-label="Start a run: acme/shop"]');
      await page.fill('[role=dialog] input[required]', 'broken');
      await page.waitForSelector('[role=dialog] .diagnostics u');
      await page.fill('[role=dialog] input[required]', 'nowhere');
      await page.waitForSelector('[role=dialog] [role=alert]:has-text("has no branch")');
      // The refusal itself is one line on the console.
      expect(faults).toEqual([expect.stringContaining('422')]);
      faults = [];
    });

    test('approving sends the hash of the decision that was shown when asked', async () => {
      await open(`/rollouts/${known.rollout}`, '.decisions li');
      const view = server.world.rollouts.get(known.rollout);
      const newest = view?.decisions.at(-1)?.hash;
      await page.keyboard.press('a');
      await page.waitForSelector('[role=dialog]');
      await page.keyboard.press('Control+Enter');
      await expect.poll(() => server.changes.length).toBe(1);
      expect(server.changes[0]).toMatchObject({
        method: 'POST',
        path: `/api/runs/${known.awaiting}/stages/production/vote`,
        body: { verdict: 'approved', reason: null, decisionHash: newest },
      });
    });

    test('a decision that comes while the dialog is open is not signed unseen: the vote is refused', async () => {
      await open(`/rollouts/${known.rollout}`, '.decisions li');
      await page.keyboard.press('a');
      await page.waitForSelector('[role=dialog]');
      const view = server.world.rollouts.get(known.rollout);
      const last = view?.decisions.at(-1);
      if (view === undefined || last === undefined) throw new Error('the fixture has no decision');
      const newer = { ...last, kind: 'hold' as const, hash: 'f'.repeat(64), previousHash: last.hash };
      server.world.rollouts.set(view.id, { ...view, revision: 2, decisions: [...view.decisions, newer] });
      server.live.rolloutChanged(view.id);
      await page.waitForFunction(() => document.querySelectorAll('.decisions li').length === 4);
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('[role=dialog] [role=alert]');
      expect(server.changes[0]?.body).toMatchObject({ decisionHash: last.hash });
      expect(await page.textContent('[role=dialog] [role=alert]')).toContain('look again');
      // The refusal itself is one line on the console.
      expect(faults).toEqual([expect.stringContaining('409')]);
      faults = [];
    });

    test('several clusters that are held say by whom, and are resumed or promoted as one', async () => {
      await open(`/rollouts/${known.rolloutFleet}`, '.waves');
      const head = page.locator('.rollout-head');
      expect(await head.locator('[data-state]').first().getAttribute('data-state')).toBe('held');
      expect(await head.innerText()).toContain('Held by Mei Lin: the night shift is small');
      expect(await head.locator('button').allInnerTexts()).toEqual([
        'Resume',
        'Promote now',
        'Abort and roll back',
      ]);
      await head.getByText('Promote now').click();
      const dialog = page.locator('[role=dialog]');
      expect(await dialog.innerText()).toContain('gets all the traffic in hz-2 without the steps');
      await dialog.locator('textarea').fill('a fix that cannot wait');
      await page.keyboard.press('Control+Enter');
      await expect.poll(() => server.changes.length).toBe(1);
      expect(server.changes[0]).toMatchObject({
        method: 'POST',
        path: `/api/rollouts/${known.rolloutFleet}/promote`,
        body: { reason: 'a fix that cannot wait' },
      });
    });

    test('the keyboard goes everywhere', async () => {
      await open('/environments', '.environment');
      await page.keyboard.type('gr');
      await page.waitForSelector('.run-row');
      await page.keyboard.type('jjk');
      expect(await page.getAttribute('[data-selected=true]', 'id')).toBe(`run-${known.running}`);
      await page.keyboard.press('/');
      await page.keyboard.type('retry a charge');
      await expect.poll(() => page.locator('.run-row').count()).toBe(1);
      expect(page.url()).toContain('q=retry');
      await page.keyboard.press('Escape');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/runs/${known.awaiting}`);
      await page.keyboard.press('?');
      await page.waitForSelector('[role=dialog] kbd');
      await page.keyboard.press('Escape');
      await page.waitForSelector('[role=dialog]', { state: 'detached' });
      await page.keyboard.type('ge');
      await page.waitForURL('**/environments');
    });

    test('a new run does not move the rows under the pointer', async () => {
      await open('/runs', '.run-row');
      await page.hover('.run-rows li:nth-child(3)');
      const [first] = server.world.runs;
      if (first === undefined) throw new Error('the fixture has no runs');
      const id = '00000001-0000-7000-8000-000000000419';
      server.world.runs.unshift({ ...first, id, number: 419, createdAt: Date.now() });
      server.live.runChanged(id);
      await page.waitForSelector('.new-runs button');
      expect(await page.getAttribute('.run-rows li:nth-child(3)', 'id')).toBe(`run-${known.failed}`);
      await page.mouse.move(5, 880);
      await page.waitForSelector(`#run-${id}`);
    });

    test('every screen names its controls, in both languages, and fits 360 pixels', async () => {
      const screens = [
        ['/runs', '.run-row'],
        [`/runs/${known.running}`, '.log-line'],
        [`/runs/${known.signOff}`, '.notice'],
        [`/rollouts/${known.rollout}`, '.chart canvas'],
        [`/rollouts/${known.rolloutFleet}`, '.waves'],
        ['/environments', '.environment'],
        ['/docs/language#if', '.docs-text table'],
        ['/settings/repositories', '.settings-table'],
        ['/settings/tokens', '.settings-table'],
        ['/settings/deliveries', '.settings-table'],
      ] as const;
      for (const [address, sign] of screens) {
        await page.setViewportSize({ width: 1440, height: 900 });
        await open(address, sign);
        expect([address, await namelessControls(page)]).toEqual([address, []]);
        await page.click('button[aria-label^="Language"]');
        expect(await page.getAttribute('html', 'lang')).toBe('zh-CN');
        await page.setViewportSize({ width: 360, height: 740 });
        const wider = (): Promise<number> =>
          page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        // A chart is drawn anew, in its new width, when the page has been laid out.
        await expect.poll(async () => [address, Math.max(0, await wider())]).toEqual([address, 0]);
        expect([address, await namelessControls(page)]).toEqual([address, []]);
        await page.evaluate(() => window.localStorage.clear());
      }
    });

    test.each(['light', 'dark'] as const)(
      'text colours reach 4.5 : 1 on every ground (%s)',
      async (colorScheme) => {
        await page.emulateMedia({ colorScheme });
        await open('/runs', '.run-row');
        const tokens = await page.evaluate(() => {
          const probe = document.body.appendChild(document.createElement('span'));
          const read = (token: string): string => {
            probe.style.color = `var(${token})`;
            return window.getComputedStyle(probe).color;
          };
          const states = [
            'waiting',
            'queued',
            'retrying',
            'running',
            'awaiting-approval',
            'succeeded',
            'failed',
            'cancelled',
            'skipped',
            'held',
            'rolling-back',
            'rolled-back',
          ].map((state) => `--state-${state}`);
          const inks = ['--ink', '--ink-soft', '--accent', '--side-old', '--side-new', ...states];
          const grounds = ['--ground', '--surface', '--sunken', '--hover', '--log-ground'];
          return {
            inks: inks.map((name) => [name, read(name)] as const),
            grounds: grounds.map((name) => [name, read(name)] as const),
          };
        });
        const weak = tokens.inks.flatMap(([ink, inkColor]) =>
          tokens.grounds
            .map(([ground, groundColor]) => [ink, ground, contrast(inkColor, groundColor)] as const)
            .filter(([, , ratio]) => ratio < 4.5),
        );
        expect(weak).toEqual([]);
      },
    );

    test('without a session, the page says where the sign-in link is found', async () => {
      const out = await startFixtureServer({ mode: 'signed-out' });
      await page.goto(`${out.url}/runs`);
      await page.waitForSelector('.login-page');
      expect(await page.textContent('.login-page')).toContain('npx sluice login');
      await out.close();
      // The 401 that says so is one line on the console.
      expect(faults.every((fault) => fault.includes('401'))).toBe(true);
      faults = [];
    });

    test('a failing server is shown with its cause and its remedy', async () => {
      const failing = await startFixtureServer({ mode: 'failing' });
      await page.goto(`${failing.url}/runs`);
      await page.waitForSelector('[role=alert]');
      const text = await page.textContent('[role=alert]');
      expect(text).toContain('PostgreSQL at 127.0.0.1:5433 does not answer. Start it');
      expect(text).toContain('database-unreachable');
      await failing.close();
      faults = [];
    });
  },
);
