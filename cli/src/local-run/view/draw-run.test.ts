import { expect, test } from 'vitest';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { RunState, StageState } from '@sluice/pipelines/run/run-state';
import { drawRun } from './draw-run.ts';
import { endOfRun } from './end-of-run.ts';
import { fitText, safeText, widthOfText } from './fit-text.ts';
import type { RunPicture } from './run-picture.ts';

const screen = { columns: 60, rows: 24, colour: false };
const failed: StageState = {
  status: 'failed',
  attempt: 1,
  startedAt: 0,
  finishedAt: 400,
  failure: { class: 'failed', message: 'Step "unit" ended with exit code 3.', exitCode: 3 },
  steps: [],
  allowed: false,
};
const running: StageState = {
  status: 'running',
  attempt: 1,
  startedAt: 1_000,
  worker: 'w',
  steps: [{ name: 'unit', status: 'running', startedAt: 1_000 }],
};

test('each stage has its sign, time, step and last line, indented by what it needs', () => {
  const picture = pictureOf(
    {
      build: {
        status: 'succeeded',
        attempt: 1,
        startedAt: 0,
        finishedAt: 1_234,
        outputs: {},
        steps: [],
        reason: null,
      },
      test: running,
      pack: { status: 'waiting', reason: 'waits for test' },
    },
    { test: { last: 'ok 1 - adds', lines: 1 } },
  );
  expect(drawRun(picture, screen)).toEqual([
    'shop: 1 of 3 stages ended, 5.0 s',
    '✔ build      1.2 s',
    '▶   test     4.0 s  1/1 unit  ok 1 - adds',
    '·     pack          waits for test',
  ]);
});

test('no line is wider than the screen, also with wide characters, and none moves the cursor', () => {
  const picture = pictureOf(
    { build: running },
    { build: { last: `\u001b[2J${'測試'.repeat(60)}`, lines: 1 } },
  );
  const lines = drawRun(picture, screen);
  expect(lines.every((line) => widthOfText(line) <= screen.columns)).toBe(true);
  expect(lines.join('')).not.toContain('\u001b');
});

test('where there are more stages than rows, what runs or failed is shown and the rest is counted', () => {
  const stages = Object.fromEntries(
    Array.from({ length: 40 }, (_, at): [string, StageState] => [
      `s${at}`,
      at === 30 ? failed : at === 35 ? running : { status: 'waiting', reason: 'waits' },
    ]),
  );
  const lines = drawRun(pictureOf(stages), { ...screen, rows: 10 });
  expect(lines.length).toBeLessThan(10);
  expect(lines.join('\n')).toMatch(/✖ s30[^]*▶ s35[^]*… 34 waiting/);
});

test('the end shows the last lines of what failed, where the whole log is, and the counts', () => {
  const picture = pictureOf({ build: failed }, { build: { last: 'not ok', lines: 502 } });
  const logs = { tail: () => ['about to', 'not ok'], file: () => '/logs/build.log' };
  expect(endOfRun(picture, logs, { colour: false, withLogs: true })).toEqual([
    '',
    '✖ build',
    '… 500 lines before',
    'about to',
    'not ok',
    'build: Step "unit" ended with exit code 3.',
    'the whole log of build: /logs/build.log',
    '',
    'shop running in 0.0 s: 1 failed',
  ]);
});

test('colours of a log may stay, everything else that a terminal obeys goes', () => {
  expect(safeText('\u001b[31mred\u001b[0m\u001b[2J\u001b]0;title\u0007\rx\ty', true)).toBe(
    '\u001b[31mred\u001b[0mx  y\u001b[0m',
  );
  expect(safeText('\u001b[31mred\u001b[0m', false)).toBe('red');
  expect(safeText('\u009b2Jx\u001b', false)).toBe('2Jx');
});

test('text is cut to its width', () => {
  expect(fitText('abcdef', 6)).toBe('abcdef');
  expect(fitText('abcdefg', 6)).toBe('abcde…');
  expect(fitText('測試測試', 6)).toBe('測試…');
});

function pictureOf(
  stages: Readonly<Record<string, StageState>>,
  logs: Readonly<Record<string, { readonly last: string; readonly lines: number }>> = {},
): RunPicture {
  const ids = Object.keys(stages);
  const isChain = ids.length < 10;
  const plan = ids.reduce(
    (built, id, at) => built.stage(id, isChain && at > 0 ? { needs: [ids[at - 1] ?? ''] } : {}),
    aPlan(),
  );
  const state: RunState = { status: 'running', startedAt: 0, finishedAt: null, cancel: null, stages };
  return { plan: plan.done(), state, logs: new Map(Object.entries(logs)), now: 5_000 };
}
