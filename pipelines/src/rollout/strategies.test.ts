// What each strategy asks of the target, in order, and what it does with what it sees.
import { describe, expect, test } from 'vitest';
import type { DeployWork, RolloutStep } from '../language/definition.ts';
import { evidenceTable } from './evidence-table.ts';
import { aRollout, type RolloutRig } from './rollout-rig.ts';
import type { RequestMatch, RolloutAction } from './rollout-state.ts';

const minute = 60_000;
const groupB: readonly RequestMatch[] = [{ kind: 'cookie', name: 'group', value: 'b' }];
const compare: RolloutStep = { kind: 'analysis', forMs: 10 * minute, whole: true };

/** Everything but looks, as people would say it. */
const changes = ({ actions }: RolloutRig): readonly string[] =>
  actions.filter(({ kind }) => kind !== 'observe' && kind !== 'inspect').map(inWords);

function inWords(what: RolloutAction): string {
  if (what.kind !== 'set-weight') return what.kind;
  const match = what.match?.map(({ name, value }) => ` ${name}=${value}`) ?? [];
  const mirror = what.mirrorPercent === undefined ? '' : ` mirror ${what.mirrorPercent}`;
  return `${what.percent} %${match.join('')}${mirror}`;
}

describe('recreate', () => {
  const recreate: Partial<DeployWork> = { strategy: 'recreate', steps: [], bakeMs: 0 };

  test('stops the old version before the new one starts, and says that nobody is served meanwhile', () => {
    const rig = aRollout(recreate, { stopMs: 3_000 });
    rig.until('deploying');
    expect(rig.rollout.facts?.stable?.ready).toBe(0);
    rig.finish();
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect([...new Set(changes(rig))]).toEqual(['stop-old', 'deploy', 'promote', 'retire-old']);
    expect(rig.lines.join('\n')).toContain('nobody is served until r13 is ready');
  });

  test('a version that does not start is taken back, and the old one has to be ready again', () => {
    const rig = aRollout(recreate, { problem: 'CrashLoopBackOff' });
    rig.finish();
    expect(rig.rollout.phase.name).toBe('rolled-back');
    expect(rig.rollout.facts?.stable).toMatchObject({ version: 'r12', ready: 2, weightPercent: 100 });
  });

  test('an old version that does not stop in time is left running', () => {
    const rig = aRollout({ ...recreate, progressDeadlineMs: 2 * minute }, { stopMs: 60 * minute });
    rig.finish();
    expect(changes(rig)).not.toContain('deploy');
    expect(rig.outcome).toMatchObject({
      failure: { message: expect.stringContaining('r12 still ran 2 minutes') },
    });
  });

  test('a first version has nothing to stop', () => {
    const rig = aRollout(recreate, { stable: false });
    rig.finish();
    expect(changes(rig)).toEqual(['deploy', 'promote', 'retire-old']);
  });
});

describe('where replicas take each other’s places', () => {
  const steps: readonly RolloutStep[] = [
    { kind: 'pause', forMs: minute },
    { kind: 'set-weight', percent: 50 },
  ];

  test('the new version has none until it gets traffic, which is no reason to wait or to go back', () => {
    const rig = aRollout({ strategy: 'canary', steps }, { inPlace: true });
    rig.until('paused');
    expect(rig.rollout.facts?.canary).toMatchObject({ replicas: 0, ready: 0 });
    rig.finish();
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect([...new Set(changes(rig))]).toEqual(['deploy', '50 %', 'promote', 'retire-old']);
  });

  test('patience is for one place after another, not for all at once', () => {
    const limp = { strategy: 'rolling', steps: [], progressDeadlineMs: 2 * minute } as const;
    const patience = (inPlace: boolean): number => {
      const rig = aRollout(limp, { inPlace, replicas: 3, isLimping: () => true });
      rig.finish();
      expect(rig.rollout.phase.name).toBe('rolled-back');
      return rig.now;
    };
    expect(patience(true)).toBeGreaterThan(patience(false));
  });
});

describe('blue-green', () => {
  test('switches all traffic at once and keeps the old version whole until the bake is over', () => {
    const rig = aRollout({ strategy: 'blue-green', steps: [], bakeMs: 10 * minute });
    rig.until('baking');
    expect(changes(rig)).toEqual(['deploy', 'promote']);
    expect(rig.rollout.facts?.stable).toMatchObject({ ready: 2, weightPercent: 0 });
    rig.finish();
    expect(changes(rig)).toEqual(['deploy', 'promote', 'retire-old']);
  });

  test('one click while it bakes gives all traffic back', () => {
    const rig = aRollout({ strategy: 'blue-green', steps: [], bakeMs: 10 * minute });
    rig.until('baking');
    rig.fold({
      kind: 'abort-requested',
      by: 'ann',
      reason: 'prices are wrong',
      cancelled: false,
      at: rig.now,
    });
    rig.finish();
    expect(changes(rig)).toEqual(['deploy', 'promote', 'roll-back']);
    expect(rig.rollout.facts?.stable).toMatchObject({ weightPercent: 100 });
  });

  test('a preview for some requests ends with the switch', () => {
    const steps: RolloutStep[] = [
      { kind: 'set-route', match: groupB },
      { kind: 'analysis', forMs: 10 * minute },
    ];
    const rig = aRollout({ strategy: 'blue-green', steps });
    rig.until('baking');
    expect(changes(rig)).toEqual(['deploy', '0 % group=b', 'promote']);
    expect(rig.rollout.facts?.traffic).toEqual({ match: [], mirrorPercent: 0 });
  });
});

describe('A/B', () => {
  const ab: Partial<DeployWork> = {
    strategy: 'ab',
    steps: [{ kind: 'set-route', match: groupB }, compare],
  };

  test('compares for the whole time and then promotes', () => {
    const rig = aRollout(ab);
    rig.until('analysing');
    const since = rig.now;
    rig.until('promoting');
    expect(rig.now - since).toBeGreaterThanOrEqual(10 * minute);
    expect(changes(rig).slice(0, 2)).toEqual(['deploy', '0 % group=b']);
    expect(rig.rollout.verdict).toMatchObject({ kind: 'pass' });
  });

  test('goes back at once when B is worse, at the share that B was seen to have', () => {
    const rig = aRollout(ab, { stableBadRate: 0.01, canaryBadRate: 0.1, chosenPercent: 3 });
    rig.until('rolling-back');
    const [metric] = rig.rollout.verdict?.metrics ?? [];
    expect(metric?.kind).toBe('fail');
    expect(metric?.intendedSharePercent).toBeNull();
    expect(metric?.observedSharePercent).toBeCloseTo(3, 0);
    rig.finish();
    expect(changes(rig).at(-1)).toBe('roll-back');
  });

  test('however few requests are chosen, that is no fault of the router', () => {
    const rig = aRollout(ab, { chosenPercent: 0.5, requestsPerSecond: 1_000 });
    rig.until('promoting');
    expect(rig.lines.join('\n')).not.toContain('weight-not-applied');
  });

  test('without anybody who was chosen it asks a person', () => {
    const rig = aRollout(ab, { chosenPercent: 0 });
    rig.until('held');
    expect(rig.rollout.verdict?.kind).toBe('no-data');
    const canary = evidenceTable(rig.rollout).rows.find(({ side }) => side === 'canary');
    expect(canary).toMatchObject({ intendedSharePercent: null, requests: 0 });
  });
});

describe('shadow', () => {
  const shadow: Partial<DeployWork> = {
    strategy: 'shadow',
    steps: [{ kind: 'set-mirror', percent: 20 }, compare],
    budget: 0.9999,
  };

  test('compares copies, then promotes', () => {
    const rig = aRollout(shadow);
    rig.finish();
    expect(changes(rig)).toEqual(['deploy', '0 % mirror 20', 'promote', 'retire-old']);
  });

  test('ends as planned: the new version is removed, and the stage has succeeded', () => {
    const rig = aRollout({ ...shadow, afterwards: 'end' });
    rig.finish();
    expect(changes(rig)).toEqual(['deploy', '0 % mirror 20', 'roll-back']);
    expect(rig.rollout.phase).toMatchObject({ name: 'rolled-back', planned: true });
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect(rig.decisions.at(-1)?.kind).toBe('end');
  });

  test('a version that is worse on copies goes back by the gate, not by the budget: nobody was hurt', () => {
    const rig = aRollout(shadow, { stableBadRate: 0.001, canaryBadRate: 0.5 });
    rig.finish();
    expect(rig.rollout.phase).toMatchObject({ name: 'rolled-back' });
    expect(rig.rollout.verdict?.kind).toBe('fail');
    expect(rig.lines.join('\n')).not.toContain('budget');
  });

  test('errors on copies do not spend the budget of what comes after', () => {
    const steps: RolloutStep[] = [
      { kind: 'set-mirror', percent: 50 },
      { kind: 'pause', forMs: 60_000 },
      { kind: 'set-mirror', percent: 0 },
      { kind: 'set-weight', percent: 10 },
      { kind: 'pause', forMs: 60_000 },
    ];
    const errors = { query: 'a', of: 'b', worseThan: 100, limit: null, dryRun: false };
    const work = { ...shadow, strategy: 'canary', steps, metrics: { errors }, bakeMs: 0 } as const;
    const broken = aRollout(work, { canaryBadRate: 0.02 });
    broken.finish();
    expect(broken.lines.join('\n')).toContain('budget is spent');
    expect(broken.actions.filter(({ kind }) => kind === 'set-weight').length).toBeGreaterThanOrEqual(3);
  });
});

describe('chosen requests in a canary', () => {
  test('stay chosen at later weights, until they are not any more', () => {
    const rig = aRollout({
      steps: [
        { kind: 'set-route', match: groupB },
        { kind: 'set-weight', percent: 10 },
        { kind: 'set-mirror', percent: 5 },
        { kind: 'set-route', match: [] },
        { kind: 'set-mirror', percent: 0 },
      ],
    });
    rig.finish();
    expect(changes(rig)).toEqual([
      'deploy',
      '0 % group=b',
      '10 % group=b',
      '10 % group=b mirror 5',
      '10 % mirror 5',
      '10 %',
      'promote',
      'retire-old',
    ]);
  });

  test('a router that cannot do a step refuses the rollout before anything is deployed, and says which can', () => {
    const can = { router: 'ingress', match: ['header'], mirror: false } as const;
    const rig = aRollout({ steps: [{ kind: 'set-mirror', percent: 10 }] }, { can });
    rig.finish();
    expect(rig.rollout.phase.name).toBe('refused');
    expect(rig.outcome).toMatchObject({
      failure: { message: expect.stringMatching(/ingress.*cannot mirror 10 %.*httproute, virtualservice/) },
    });
    expect(changes(rig)).toEqual([]);
    const query: RequestMatch = { kind: 'query', name: 'group', value: 'b' };
    const other = aRollout({ steps: [{ kind: 'set-route', match: [query] }] }, { can });
    other.finish();
    expect(other.outcome).toMatchObject({ failure: { message: expect.stringContaining('?group=b') } });
  });

  test('a router that keeps something else is asked again, and then the rollout goes back', () => {
    const steps: RolloutStep[] = [{ kind: 'set-route', match: groupB }];
    const rig = aRollout({ steps }, { isRouterStuck: true });
    rig.finish();
    expect(rig.rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringMatching(
        /weight-not-applied: r13 should be given requests with the cookie group=b/,
      ),
    });
  });
});

describe('progress_deadline', () => {
  test('replicas that are not ready within it are rolled back with a message', () => {
    const rig = aRollout({ progressDeadlineMs: 2 * minute }, { startMs: 60 * minute });
    rig.finish();
    expect(rig.now).toBeLessThan(3 * minute);
    expect(rig.outcome).toMatchObject({
      failure: { message: expect.stringMatching(/r13 was not ready after 2 minutes: 0 of 2 replicas ready/) },
    });
  });
});
