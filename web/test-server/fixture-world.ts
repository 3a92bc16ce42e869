// What the fixture server shows: one run of every kind, and enough old ones to fill the list.
import type { AttemptView, EnvironmentView, RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { brokenFile } from './fixture-diagnostics.ts';
import { digest, id } from './fixture-ids.ts';
import { countedLog, failedTestLog, logDigest, type FixtureLog } from './fixture-logs.ts';
import { aRollout } from './fixture-rollouts.ts';
import { aRun } from './fixture-runs.ts';
import { fixtureSettings, type FixtureSettings } from './fixture-settings.ts';

export interface World extends FixtureSettings {
  runs: RunView[];
  readonly rollouts: Map<string, RolloutView>;
  readonly logs: Map<string, FixtureLog>;
  readonly environments: EnvironmentView[];
}

export const known = {
  running: id('run', 418),
  awaiting: id('run', 417),
  failed: id('run', 416),
  broken: id('run', 415),
  rolledBack: id('run', 414),
  held: id('run', 413),
  millionLines: id('run', 411),
  hundredThousandLines: id('run', 410),
  mismatch: id('run', 409),
  signOff: id('run', 408),
  rollout: id('rollout', 417),
  rolloutBack: id('rollout', 414),
  rolloutHeld: id('rollout', 413),
  growing: id('attempt', 41_803),
  attemptOf: (run: number, stage: number) => id('attempt', run * 100 + stage),
} as const;

export function emptyWorld(): World {
  return {
    runs: [],
    rollouts: new Map(),
    logs: new Map(),
    environments: [],
    repositories: [],
    secrets: [],
    workers: [],
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
        attempt(416, 2, 'unit', failedTestLog()),
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
  ];
  return { runs, rollouts: rollouts(now), logs, environments: environments(now), ...fixtureSettings(now) };
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

function rollouts(now: number): Map<string, RolloutView> {
  const first = ['continue', 'errors: 0 of 502 on the new version; enough to go on at 1 %.'] as const;
  const views = [
    aRollout({
      id: known.rollout,
      runId: known.awaiting,
      now,
      phase: { name: 'awaiting-approval', since: now - 190_000, expiresAt: now + 7_010_000 },
      step: 4,
      weightPercent: 10,
      verdict: 'pass',
      badPerThousand: 0.9,
      decisions: [
        first,
        ['hold', 'errors: 1 of 1,204; not enough evidence yet.'],
        [
          'continue',
          'errors: 4 of 4,812 against 41 of 43,904; less than 1.5 times as many, with 95 % confidence.',
        ],
      ],
    }),
    aRollout({
      id: known.rolloutBack,
      runId: known.rolledBack,
      now,
      phase: {
        name: 'rolled-back',
        at: now - 7_700_000,
        reason: 'The new version answered 5.3 % errors where the old one answers 0.09 %.',
      },
      step: 3,
      weightPercent: 0,
      verdict: 'fail',
      badPerThousand: 52.6,
      decisions: [
        first,
        ['roll-back', 'errors: 253 of 4,812 on the new version against 41 of 43,904 on the old one.'],
      ],
    }),
    aRollout({
      id: known.rolloutHeld,
      runId: known.held,
      now,
      phase: {
        name: 'held',
        since: now - 600_000,
        cause: 'inconclusive',
        reason: 'Ten minutes of analysis ended without a verdict: errors found no series for r417-3f2a91c.',
      },
      step: 1,
      weightPercent: 1,
      verdict: 'no-data',
      badPerThousand: 0,
      decisions: [['hold', 'errors: no data for ten minutes; no data is not good data.']],
    }),
  ];
  return new Map(views.map((view) => [view.id, view]));
}

function environments(now: number): EnvironmentView[] {
  const release = (
    run: number,
    ago: number,
    outcome: 'succeeded' | 'rolled-back',
    reason: string | null = null,
  ) => ({
    id: id('other', run),
    version: `r${run}-${digest(`commit ${run}`).slice(0, 7)}`,
    image: `registry.example.com/shop@sha256:${digest(`image ${run}`)}`,
    runId: id('run', run),
    commit: digest(`commit ${run}`).slice(0, 40),
    by: run % 2 === 0 ? 'Mei Lin' : 'Priya Nair',
    at: now - ago,
    outcome,
    reason,
  });
  const production = [
    release(414, 7_700_000, 'rolled-back', '5.3 % errors where the old version answers 0.09 %'),
    release(412, 12_200_000, 'succeeded'),
    release(405, 90_000_000, 'succeeded'),
    release(402, 180_000_000, 'succeeded'),
  ];
  const staging = [release(417, 1_400_000, 'succeeded'), release(412, 13_200_000, 'succeeded')];
  return [
    {
      name: 'production',
      target: { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 8088 },
      current: production[1] ?? null,
      history: production,
      activeRollout: known.rollout,
    },
    {
      name: 'staging',
      target: { kind: 'kubernetes', namespace: 'shop-staging', kubeconfigSecret: null, prometheusUrl: null },
      current: staging[0] ?? null,
      history: staging,
      activeRollout: null,
    },
    {
      name: 'preview',
      target: { kind: 'docker', service: 'shop-preview', listenHost: '127.0.0.1', listenPort: 8089 },
      current: null,
      history: [],
      activeRollout: null,
    },
  ];
}
