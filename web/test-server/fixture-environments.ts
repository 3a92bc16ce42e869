import { freezeRules, noFreeze } from '@sluice/pipelines/freeze/freeze-rules';
import type { EnvironmentView, FreezeView } from '@sluice/pipelines/protocol/api';
import { environmentTarget } from '@sluice/pipelines/protocol/environment';
import { digest, id } from './fixture-ids.ts';
import { known } from './fixture-known.ts';

/** Production with a rollout under way, staging that cannot measure, three regions of which one is well, and a preview with nothing in it. */
export function fixtureEnvironments(now: number): EnvironmentView[] {
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
    rolloutId: id('rollout', run),
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
  const region = { partition: null, current: release(417, 1_400_000, 'succeeded'), rollout: null };
  const seen = {
    lookedAt: now - 40_000,
    triedAt: now - 40_000,
    problem: null,
    since: null,
    differences: [],
    missingRights: [],
    isAwaited: false,
  };
  return [
    {
      name: 'production',
      target: { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 8088 },
      current: production[1] ?? null,
      history: production,
      activeRollout: known.rollout,
      freeze: weekends(now),
    },
    {
      name: 'staging',
      target: { kind: 'kubernetes', namespace: 'shop-staging', kubeconfigSecret: null, prometheusUrl: null },
      current: staging[0] ?? null,
      history: staging,
      activeRollout: null,
      freeze: { rules: noFreeze, now: null, next: null },
      drift: {
        lookedAt: now - 40_000,
        problem: null,
        since: now - 1_300_000,
        differences: [
          {
            what: 'image',
            expected: `registry.example.com/shop@sha256:${digest('image 417')}`,
            found: 'registry.example.com/shop:hotfix',
            by: 'kubectl-set',
          },
          { what: 'replicas', expected: '3', found: '1', by: 'kubectl' },
        ],
      },
    },
    {
      name: 'regions',
      target: environmentTarget.parse({
        kind: 'clusters',
        clusters: ['hz-1', 'hz-2', 'sh-1'].map((name) => ({
          name,
          target: { kind: 'kubernetes', namespace: 'shop', kubeconfigSecret: name },
        })),
      }),
      current: staging[0] ?? null,
      history: staging,
      activeRollout: null,
      drift: null,
      clusters: [
        {
          ...region,
          name: 'hz-1',
          drift: {
            ...seen,
            runs: { version: region.current.version, image: region.current.image, replicas: 3 },
          },
        },
        {
          ...region,
          name: 'hz-2',
          drift: {
            ...seen,
            missingRights: [
              {
                apiGroup: 'gateway.networking.k8s.io',
                resource: 'httproutes',
                name: 'shop',
                verbs: ['get', 'patch'],
              },
            ],
          },
        },
        {
          ...region,
          name: 'sh-1',
          drift: {
            ...seen,
            lookedAt: now - 900_000,
            problem:
              'The deploy target does not answer (connect ETIMEDOUT 10.0.0.9:6443): check that it runs and that this worker may reach it.',
          },
        },
      ],
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

/** Frozen for two more hours, and again at the next weekend. */
function weekends(now: number): FreezeView {
  const windows = [
    {
      name: 'weekend',
      kind: 'deny',
      cron: '0 18 * * FRI',
      duration: '62h',
      timezone: 'Asia/Shanghai',
      reason: 'nobody is there to look',
    },
  ];
  const freeze = { window: 'weekend', reason: 'nobody is there to look', timezone: 'Asia/Shanghai' };
  return {
    rules: freezeRules.parse({ windows }),
    now: { ...freeze, since: now - 3_600_000, until: now + 7_200_000 },
    next: { ...freeze, since: now + 6 * 86_400_000, until: now + 8 * 86_400_000 },
  };
}
