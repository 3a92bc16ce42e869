import type { ClusterRolloutView, RolloutView } from '@sluice/pipelines/protocol/api';
import { known } from './fixture-known.ts';
import { aRollout } from './fixture-rollouts.ts';

const groupB = [
  { kind: 'cookie', name: 'group', value: 'b' },
  { kind: 'header', name: 'x-region', value: 'eu' },
] as const;

/** A canary that awaits approval, one that was rolled back, an A/B that is held without data, and several clusters. */
export function rolloutScenes(now: number): Map<string, RolloutView> {
  const first = ['continue', 'errors: 0 of 502 on the new version; enough to go on at 1 %.'] as const;
  const views = [
    aRollout({
      id: known.rollout,
      runId: known.awaiting,
      now,
      phase: { name: 'awaiting-approval', since: now - 190_000, expiresAt: now + 7_010_000 },
      step: 4,
      weightPercent: 10,
      work: {
        traffic: { kind: 'httproute', name: 'shop' },
        guard: { afterMs: 60_000, isRequired: true },
      },
      guard: { problem: null },
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
      weightPercent: 0,
      work: {
        strategy: 'ab',
        steps: [
          { kind: 'set-route', match: groupB },
          { kind: 'analysis', forMs: 600_000, whole: true },
        ],
        traffic: { kind: 'ingress', name: 'shop' },
        guard: { afterMs: 60_000, isRequired: false },
      },
      guard: {
        problem:
          'no guard is installed in namespace shop: `sluice guard manifests --namespace shop …` prints what to apply (docs/guard.md)',
      },
      traffic: { match: groupB, mirrorPercent: 0 },
      verdict: 'no-data',
      badPerThousand: 0,
      decisions: [['hold', 'errors: no data for ten minutes; no data is not good data.']],
    }),
    heldFleet(now),
  ];
  return new Map(views.map((view) => [view.id, view]));
}

/** Wave 2 of 3, held by a person: one cluster waits with all, one by itself, and one was past its last step. */
function heldFleet(now: number): RolloutView {
  const held = { by: 'Mei Lin', reason: 'the night shift is small', word: 1 };
  const note = `held with all clusters by ${held.by}: ${held.reason}`;
  const alone = 'held by Tom: strange lines in the log';
  const clusters: NonNullable<RolloutView['clusters']> = [
    standing('hz-1', 1, 'delivered', 'succeeded'),
    { ...standing('hz-2', 2, 'delivering', 'paused'), note, canPromote: true },
    { ...standing('hz-3', 2, 'delivering', 'paused'), note: alone },
    standing('sh-1', 2, 'delivering', 'retiring'),
    standing('bj-1', 3, 'waiting', null),
    standing('bj-2', 3, 'waiting', null),
  ];
  const view = aRollout({
    id: known.rolloutFleet,
    runId: known.held,
    now,
    phase: { name: 'delivering', since: now - 600_000, wave: 1 },
    step: 0,
    weightPercent: 0,
    verdict: null,
    badPerThousand: 0,
    decisions: [
      ['continue', 'wave 2 of 3 begins: hz-2, hz-3, sh-1'],
      ['hold', held.reason, held.by],
    ],
  });
  const waves = [1, 2, 3].map((wave) =>
    clusters
      .filter((cluster) => cluster.wave === wave)
      .map(({ name }) => ({ name, returnsTo: 'r412-88c0d1e' })),
  );
  const states = clusters.map(({ name, status, since, note: why }) => [
    name,
    { status, round: 0, since, note: why },
  ]);
  const fleet = { wave: 1, clusters: Object.fromEntries(states), held, words: 1 };
  return {
    ...view,
    clusters,
    rollout: { ...view.rollout, spec: { ...view.rollout.spec, waves }, fleet },
  };

  function standing(
    name: string,
    wave: number,
    status: ClusterRolloutView['status'],
    phase: ClusterRolloutView['phase'],
  ): ClusterRolloutView {
    const rolloutId = phase === null ? null : known.rollout;
    return { name, wave, status, note: null, since: now - 300_000, rolloutId, phase };
  }
}
