// What the fixture server shows: one run of every kind, and enough old ones to fill the list.
import type { AttemptView, EnvironmentView, RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { brokenFile } from './fixture-diagnostics.ts';
import { fixtureEnvironments } from './fixture-environments.ts';
import { countedLog, failedTestLog, logDigest, type FixtureLog } from './fixture-logs.ts';
import { known } from './fixture-known.ts';
import { rolloutScenes } from './fixture-rollout-scenes.ts';
import { matrixPlan } from './fixture-matrix.ts';
import { aRun } from './fixture-runs.ts';
import { fixtureSettings, type FixtureSettings } from './fixture-settings.ts';

export interface World extends FixtureSettings {
  runs: RunView[];
  readonly rollouts: Map<string, RolloutView>;
  readonly logs: Map<string, FixtureLog>;
  readonly environments: EnvironmentView[];
}

export function emptyWorld(): World {
  return {
    runs: [],
    rollouts: new Map(),
    logs: new Map(),
    environments: [],
    repositories: [],
    secrets: [],
    tokens: [],
    workers: [],
    projects: [],
    channels: [],
    messages: [],
    deliveries: [],
    audit: [],
  };
}

export function fullWorld(now: number): World {
  const logs = new Map<string, FixtureLog>();
  const attempt = (
    run: number,
    stage: number,
    name: string,
    log: FixtureLog,
    more: Partial<AttemptView> = {},
  ): AttemptView => {
    const attemptId = known.attemptOf(run, stage);
    logs.set(attemptId, log);
    return {
      id: attemptId,
      stage: name,
      attempt: 1,
      worker: 'build-2',
      logLines: log.lines,
      log: log.isComplete
        ? { lines: log.lines, digest: logDigest(attemptId), verified: log.isVerified }
        : null,
      blobs: [],
      heldUntil: null,
      ...more,
    };
  };
  const checks = { lint: 'succeeded', unit: 'succeeded', integration: 'succeeded' } as const;
  const image = { build: 'succeeded', scan: 'succeeded', push: 'succeeded' } as const;
  const released = {
    ...checks,
    ...image,
    docs: 'skipped',
    staging: 'succeeded',
    'sign-off': 'succeeded',
  } as const;
  const scanFiles = [
    { name: 'trivy-report.json', bytes: 48_213 },
    { name: 'sbom.cdx.json', bytes: 391_422 },
  ];
  const runs = [
    aRun({
      number: 418,
      status: 'running',
      message: 'Keep the cart when a session expires',
      author: 'Jonas Berg',
      ref: 'keep-cart',
      createdAt: now - 74_000,
      tookMs: null,
      stages: { lint: 'succeeded', unit: 'succeeded', integration: 'running', build: 'running' },
      attempts: [
        attempt(418, 1, 'lint', countedLog(240, { steps: 2 })),
        attempt(418, 2, 'unit', countedLog(1_310, { steps: 2 })),
        attempt(418, 3, 'integration', countedLog(400, { steps: 3, isComplete: false })),
        attempt(418, 4, 'build', countedLog(64, { steps: 1, isComplete: false })),
      ],
    }),
    aRun({
      number: 417,
      status: 'awaiting-approval',
      message: 'Retry a charge once after a timeout\n\nThe gateway drops about one request in a thousand.',
      createdAt: now - 1_920_000,
      tookMs: null,
      stages: { ...released, production: 'awaiting-approval' },
      attempts: [
        attempt(417, 5, 'scan', countedLog(88, { steps: 1 }), { blobs: scanFiles }),
        attempt(417, 9, 'production', countedLog(42, { steps: 1, isComplete: false })),
      ],
      rollouts: [{ id: known.rollout, stage: 'production', phase: 'awaiting-approval' }],
    }),
    aRun({
      number: 416,
      status: 'failed',
      message: 'Count gateway calls in the charge test',
      author: '陈思远',
      ref: 'charge-metrics',
      createdAt: now - 3_400_000,
      tookMs: 96_000,
      stages: {
        lint: 'succeeded',
        unit: 'failed',
        integration: 'succeeded',
        build: 'succeeded',
        scan: 'succeeded',
        push: 'skipped',
        docs: 'skipped',
        staging: 'skipped',
        'sign-off': 'skipped',
        production: 'skipped',
      },
      attempts: [
        attempt(416, 1, 'lint', countedLog(240, { steps: 2 })),
        attempt(416, 2, 'unit', failedTestLog(), {
          reports: { passed: 54, failed: 1, skipped: 2, lines: { covered: 4_011, total: 4_920 } },
          heldUntil: now + 1_500_000,
        }),
        attempt(416, 5, 'scan', countedLog(88, { steps: 1 }), { blobs: scanFiles }),
      ],
    }),
    aRun({
      number: 415,
      status: 'failed',
      message: 'Deploy the worker too',
      author: 'Jonas Berg',
      ref: 'worker-deploy',
      pipeline: '.sluice.yml',
      createdAt: now - 5_200_000,
      tookMs: 40,
      stages: {},
      plan: null,
      diagnostics: brokenFile,
    }),
    aRun({
      number: 414,
      status: 'failed',
      message: 'New price rounding',
      author: 'Priya Nair',
      createdAt: now - 9_000_000,
      tookMs: 1_310_000,
      stages: { ...released, production: 'rolled-back' },
      attempts: [attempt(414, 9, 'production', countedLog(60, { steps: 1 }))],
      rollouts: [{ id: known.rolloutBack, stage: 'production', phase: 'rolled-back' }],
    }),
    aRun({
      number: 413,
      status: 'held',
      message: 'Move the export job to its own service',
      author: 'Priya Nair',
      ref: 'export-service',
      createdAt: now - 11_000_000,
      tookMs: null,
      stages: { ...released, production: 'held' },
      attempts: [attempt(413, 9, 'production', countedLog(60, { steps: 1, isComplete: false }))],
      rollouts: [{ id: known.rolloutHeld, stage: 'production', phase: 'held' }],
    }),
    aRun({
      number: 412,
      status: 'succeeded',
      message: 'Show delivery dates in the basket',
      createdAt: now - 14_000_000,
      tookMs: 1_800_000,
      stages: { ...released, production: 'succeeded' },
      attempts: [attempt(412, 6, 'push', countedLog(31, { steps: 1 }))],
    }),
    aRun({
      number: 411,
      status: 'succeeded',
      message: 'Print every request in the load test',
      author: 'Jonas Berg',
      ref: 'load-test',
      pipeline: 'load',
      createdAt: now - 16_000_000,
      tookMs: 7_200_000,
      stages: { ...released, production: 'succeeded' },
      attempts: [attempt(411, 3, 'integration', countedLog(1_000_000, { steps: 3 }))],
    }),
    aRun({
      number: 410,
      status: 'succeeded',
      message: 'Load test with fewer words',
      author: 'Jonas Berg',
      ref: 'load-test',
      pipeline: 'load',
      createdAt: now - 18_000_000,
      tookMs: 840_000,
      stages: { ...released, production: 'succeeded' },
      attempts: [attempt(410, 3, 'integration', countedLog(100_000, { steps: 3 }))],
    }),
    aRun({
      number: 409,
      status: 'succeeded',
      message: 'Upgrade the base image',
      author: 'renovate[bot]',
      ref: 'renovate/node-20',
      createdAt: now - 20_000_000,
      tookMs: 700_000,
      stages: { ...released, production: 'succeeded' },
      attempts: [attempt(409, 2, 'unit', countedLog(2_000, { steps: 2, isVerified: false }))],
    }),
    aRun({
      number: 408,
      status: 'awaiting-approval',
      message: 'Prices with tax',
      author: 'Priya Nair',
      ref: 'tax',
      createdAt: now - 21_000_000,
      tookMs: null,
      stages: { ...released, 'sign-off': 'awaiting-approval' },
      states: {
        'sign-off': {
          status: 'awaiting-approval',
          attempt: 1,
          since: now - 900_000,
          expiresAt: now + 6_300_000,
          votes: [],
        },
      },
    }),
    aRun({
      number: 407,
      status: 'cancelled',
      message: 'Wrong branch',
      author: 'Jonas Berg',
      ref: 'oops',
      createdAt: now - 22_000_000,
      tookMs: 12_000,
      cancel: { by: 'admin', reason: 'pushed to the wrong branch', at: now - 21_990_000 },
      stages: {
        lint: 'succeeded',
        unit: 'cancelled',
        integration: 'cancelled',
        build: 'cancelled',
        scan: 'cancelled',
        push: 'cancelled',
        docs: 'skipped',
        staging: 'cancelled',
        'sign-off': 'cancelled',
        production: 'cancelled',
      },
    }),
    ...Array.from({ length: 70 }, (_, n) =>
      aRun({
        number: 406 - n,
        status: n % 9 === 4 ? 'failed' : 'succeeded',
        message: subjects[n % subjects.length] ?? '',
        author: authors[n % authors.length] ?? '',
        createdAt: now - 26_000_000 - n * 5_100_000,
        tookMs: 1_500_000 + ((n * 7_919) % 400) * 1_000,
        stages: n % 9 === 4 ? { lint: 'failed' } : { ...released, production: 'succeeded' },
      }),
    ),
    aRun({
      number: 336,
      status: 'running',
      message: 'Drop the callback interface',
      author: 'Mei Lin',
      ref: 'promises',
      pipeline: 'library',
      createdAt: now - 500_000_000,
      tookMs: null,
      plan: matrixPlan({
        event: 'push',
        repository: 'acme/shop',
        actor: 'meilin',
        commit: { sha: '0'.repeat(40), message: '', author: '' },
        branch: 'promises',
        changedFiles: null,
      }),
      stages: {
        lint: 'succeeded',
        'test (20, linux)': 'succeeded',
        'test (20, windows)': 'failed',
        'test (22, linux)': 'succeeded',
        'test (22, windows)': 'running',
        'test (24, linux)': 'running',
      },
      attempts: [attempt(336, 2, 'test (20, windows)', failedTestLog())],
    }),
  ];
  return {
    runs,
    rollouts: rolloutScenes(now),
    logs,
    environments: fixtureEnvironments(now),
    ...fixtureSettings(now),
  };
}

const authors = ['Mei Lin', 'Jonas Berg', 'Priya Nair', '陈思远', 'renovate[bot]'];
const subjects = [
  'Show stock in the list',
  'Update dependencies',
  'Round prices half to even',
  '修复购物车合计',
  'Cache product images for a day',
  'Remove the old checkout',
];
