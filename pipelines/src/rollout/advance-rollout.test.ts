import { describe, expect, test } from 'vitest';
import { advanceRollout } from './advance-rollout.ts';
import { aRollout } from './rollout-rig.ts';

const minute = 60_000;
const kinds = (actions: readonly { readonly kind: string }[]) => actions.map(({ kind }) => kind);
const approval = { by: [], count: 2, withinMs: 30 * minute, notAuthor: true };
const gated = [
  { kind: 'set-weight', percent: 10 },
  { kind: 'approve', approval },
] as const;

describe('a canary', () => {
  test('goes up step by step on passing analyses, then is promoted, baked and made stable', () => {
    const rig = aRollout().finish();
    expect(rig.outcome).toEqual({
      result: 'succeeded',
      outputs: { version: 'r13', image: 'registry/shop@sha256:13', address: 'http://shop' },
    });
    const changes = rig.actions.filter(({ kind }) => kind !== 'observe');
    expect(changes).toEqual([
      { kind: 'inspect' },
      { kind: 'deploy' },
      { kind: 'set-weight', percent: 10 },
      { kind: 'set-weight', percent: 50 },
      { kind: 'promote' },
      { kind: 'retire-old' },
    ]);
    expect(kinds(rig.decisions)).toEqual(['continue', 'continue', 'promote']);
  });

  test('that answers 5 % errors is rolled back at once, with the figures in the message', () => {
    const rig = aRollout({}, { canaryBadRate: 0.05 }).finish();
    expect(rig.rollout).toMatchObject({ phase: { name: 'rolled-back' }, weightPercent: 0 });
    expect(rig.outcome).toMatchObject({ result: 'failed', failure: { class: 'failed' } });
    const message = rig.outcome?.result === 'failed' ? rig.outcome.failure.message : '';
    expect(message).toMatch(
      /rolled back r13: errors 5 % on r13 \(\d+ of \d+ requests\) against 0 % on r12 \(0 of [\d,]+ requests\)/,
    );
    expect(message).toContain('r12 has all the traffic again');
    expect(rig.actions.at(-1)?.kind).toBe('roll-back');
  });

  test('is rolled back in the very event that made the verdict', () => {
    const rig = aRollout({}, { canaryBadRate: 0.5 }).until('rolling-back');
    expect(rig.events.at(-1)?.kind).toBe('action-finished');
    expect(rig.actions.at(-1)?.kind).toBe('roll-back');
  });

  test('first on an empty environment is promoted without analysis, and says why', () => {
    const rig = aRollout({}, { stable: false }).finish();
    expect(rig.outcome?.result).toBe('succeeded');
    expect(kinds(rig.actions.filter(({ kind }) => kind !== 'observe'))).toEqual([
      'inspect',
      'deploy',
      'promote',
      'retire-old',
    ]);
    expect(rig.lines.join('\n')).toContain('nothing to compare with');
  });

  test('first on an empty environment that never gets ready is removed', () => {
    const rig = aRollout({}, { stable: false, problem: 'CrashLoopBackOff' }).finish();
    expect(rig.rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringContaining('CrashLoopBackOff'),
    });
  });

  test('gets no traffic before all its replicas are ready', () => {
    const rig = aRollout({}, { startMs: 11 * minute }).finish();
    expect(kinds(rig.actions)).not.toContain('set-weight');
    expect(rig.rollout.phase).toMatchObject({
      reason: expect.stringContaining('not ready after 10 minutes'),
    });
  });

  test('that loses a replica keeps its weight until the replica is back', () => {
    const back = 3 * minute;
    const steps = [10, 50].flatMap((percent) => [
      { kind: 'set-weight', percent } as const,
      { kind: 'pause', forMs: minute } as const,
    ]);
    const rig = aRollout({ steps }, { isLimping: (at) => at > 30_000 && at < back }).until('paused');
    rig.until('setting-weight');
    expect(rig.rollout.facts?.canary).toMatchObject({ ready: 1, replicas: 2, weightPercent: 10 });
    expect(rig.actions.at(-1)?.kind).toBe('observe');
    rig.until('paused');
    expect(rig.now).toBeGreaterThanOrEqual(back);
    expect(rig.rollout.facts?.canary).toMatchObject({ ready: 2, weightPercent: 50 });
  });

  test('analysed twice at one weight needs evidence of its own for each', () => {
    const analysis = { kind: 'analysis', forMs: 5 * minute } as const;
    const rig = aRollout({ steps: [{ kind: 'set-weight', percent: 10 }, analysis, analysis] }).finish();
    const passes = rig.decisions.filter(({ kind }) => kind === 'continue');
    expect(passes.map(({ step }) => step)).toEqual([1, 2]);
    const counted = passes.map(({ verdict }) => verdict?.metrics[0]?.canary.requests ?? 0);
    expect(counted[1]).toBeLessThan((counted[0] ?? 0) * 1.1);
  });

  test('whose weight is never applied is rolled back as weight-not-applied', () => {
    const rig = aRollout({}, { isRouterStuck: true }).finish();
    expect(rig.rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringContaining('weight-not-applied'),
    });
    expect(rig.actions.filter(({ kind }) => kind === 'set-weight')).toHaveLength(5);
  });

  test('is told before an analysis that will not be able to decide', () => {
    const rig = aRollout(
      {
        steps: [
          { kind: 'set-weight', percent: 1 },
          { kind: 'analysis', forMs: minute },
        ],
      },
      { requestsPerSecond: 20 },
    );
    rig.until('analysing');
    expect(rig.lines.join('\n')).toContain('will not be able to decide within 60 seconds');
  });
});

describe('a rolling deployment', () => {
  test('is promoted when it is ready', () => {
    const rig = aRollout({ strategy: 'rolling', steps: [] }).finish();
    expect(kinds(rig.actions.filter(({ kind }) => kind !== 'observe'))).toEqual([
      'inspect',
      'deploy',
      'promote',
      'retire-old',
    ]);
  });

  test('is over when the old version is replaced, and cannot be taken back meanwhile', () => {
    const rig = aRollout({ strategy: 'rolling', steps: [] }, { replaceMs: 20_000 }).until('retiring');
    while (rig.rollout.tries < 3) rig.step();
    rig.fold({ kind: 'abort-requested', by: 'bob', reason: 'no', cancelled: false, at: rig.now });
    expect(rig.rollout.phase.name).toBe('retiring');
    rig.finish();
    expect(rig.outcome?.result).toBe('succeeded');
    expect(rig.lines.filter((line) => line.includes('is being replaced'))).toHaveLength(1);
  });

  test('is rolled back while it bakes when its errors exceed what the old version had', () => {
    const work = { strategy: 'rolling', steps: [], bakeMs: 5 * minute } as const;
    const rig = aRollout(work, { canaryBadRate: 0.3, startMs: 30_000 }).finish();
    expect(rig.outcome?.result).toBe('failed');
    expect(kinds(rig.actions)).not.toContain('retire-old');
  });
});

describe('no evidence', () => {
  test('no data holds the canary and never promotes it', () => {
    const rig = aRollout({}, { metrics: (at) => (at < minute ? 'fine' : 'silent'), requestsPerSecond: 1 });
    rig.until('held');
    expect(rig.rollout.phase).toMatchObject({ cause: 'inconclusive' });
    expect(rig.decisions.at(-1)).toMatchObject({ kind: 'hold', verdict: { kind: 'no-data' } });
    expect(rig.finish().rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringContaining('deadline'),
    });
  });

  test('no_data: fail rolls back at the end of the analysis', () => {
    const rig = aRollout({ noData: 'fail' }, { metrics: (at) => (at < 8_000 ? 'fine' : 'silent') }).finish();
    expect(rig.rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringContaining('no_data: fail'),
    });
    expect(rig.now).toBeGreaterThan(5 * minute);
  });

  test('five query errors in a row hold; the analysis goes on when the metrics can be read again', () => {
    const isBroken = (at: number) => at > 20_000 && at < 3 * minute;
    const rig = aRollout({}, { metrics: (at) => (isBroken(at) ? 'error' : 'fine') });
    rig.until('held');
    expect(rig.rollout.phase).toMatchObject({
      cause: 'query-errors',
      reason: expect.stringContaining('503'),
    });
    expect(rig.until('analysing').finish().outcome?.result).toBe('succeeded');
  });

  test('too little of it holds at the end of the step, and a person may take it further', () => {
    const rig = aRollout(
      {
        steps: [
          { kind: 'set-weight', percent: 10 },
          { kind: 'analysis', forMs: minute },
        ],
      },
      { requestsPerSecond: 5 },
    );
    rig.until('held');
    rig.fold({ kind: 'resume-requested', by: 'eve', reason: 'tried it by hand', at: rig.now });
    expect(rig.decisions.at(-2)).toMatchObject({ kind: 'resume', by: 'eve', reason: 'tried it by hand' });
    expect(rig.finish().outcome?.result).toBe('succeeded');
  });

  test('enough of it, arriving while held, lets the rollout go on by itself', () => {
    const steps = [
      { kind: 'set-weight', percent: 10 },
      { kind: 'analysis', forMs: minute },
    ] as const;
    const rig = aRollout({ steps }, { requestsPerSecond: 20 }).until('held').until('promoting');
    expect(rig.decisions.map(({ kind }) => kind)).toEqual(['hold', 'continue', 'promote']);
  });

  test('on_inconclusive: abort rolls back instead', () => {
    const rig = aRollout({ onInconclusive: 'abort' }, { requestsPerSecond: 1 }).finish();
    expect(rig.rollout.phase).toMatchObject({ reason: expect.stringContaining('inconclusive') });
  });
});

describe('refused before anything is changed', () => {
  const refused = (rig: ReturnType<typeof aRollout>) => {
    rig.finish();
    expect(kinds(rig.actions)).not.toContain('deploy');
    return rig.rollout.phase.name === 'refused' ? rig.rollout.phase.reason : '';
  };

  test('a target that cannot measure, where an analysis needs it', () => {
    expect(refused(aRollout({}, { metrics: () => 'unsupported' }))).toContain('source of metrics');
  });

  test('a metric that the target does not know', () => {
    const metrics = { slow: { query: 'q', of: 'o', worseThan: 1.5, limit: null, dryRun: false } };
    expect(refused(aRollout({ metrics }))).toContain('does not report the metric "slow"');
  });

  test('a metric whose query fails again and again', () => {
    expect(refused(aRollout({}, { metrics: () => 'error' }))).toContain('prometheus answered 503');
  });

  test('metrics that can never decide', () => {
    const metrics = { errors: { query: 'q', of: 'o', worseThan: 1.5, limit: null, dryRun: true } };
    expect(refused(aRollout({ metrics }))).toContain('every metric is a dry run');
  });

  test('a target that refuses, or stays unreachable', () => {
    const never = { reason: 'target-unreachable', retryable: true };
    expect(refused(aRollout({}, { fails: () => ({ reason: 'no-permission', retryable: false }) }))).toContain(
      'no-permission',
    );
    const rig = aRollout({}, { fails: () => never });
    expect(refused(rig)).toContain('target-unreachable');
    expect(rig.outcome).toMatchObject({ failure: { class: 'infrastructure' } });
  });
});

describe('an approval', () => {
  const vote = (
    rig: ReturnType<typeof aRollout>,
    by: string,
    verdict: 'approved' | 'rejected' = 'approved',
  ) => rig.fold({ kind: 'voted', vote: { by, verdict, reason: null, at: rig.now }, at: rig.now });

  test('needs as many different people as the rule says, and not the author', () => {
    const rig = aRollout({ steps: gated }).until('awaiting-approval');
    vote(rig, 'ann');
    vote(rig, 'bob');
    vote(rig, 'bob');
    expect(rig.rollout.phase.name).toBe('awaiting-approval');
    vote(rig, 'eve');
    expect(rig.rollout.phase.name).toBe('promoting');
    expect(rig.rollout.votes.map(({ by }) => by)).toEqual(['bob', 'eve']);
  });

  test('one rejection rolls back', () => {
    const rig = aRollout({ steps: gated }).until('awaiting-approval');
    vote(rig, 'bob', 'rejected');
    expect(rig.finish().rollout.phase).toMatchObject({ name: 'rolled-back', reason: 'rejected by bob' });
  });

  test('expires', () => {
    const rig = aRollout({ steps: gated }).finish();
    expect(rig.rollout.phase).toMatchObject({ reason: 'approval expired: 0 of 2 within 30 minutes' });
  });

  test('is not waited for any longer when the canary turns bad', () => {
    const rig = aRollout({ steps: gated }, { canaryBadRate: 0.05 }).finish();
    expect(rig.now).toBeLessThan(5 * minute);
    expect(rig.rollout.phase).toMatchObject({ reason: expect.stringContaining('worse than') });
  });
});

describe('a pause', () => {
  test('lasts as long as it says', () => {
    const rig = aRollout({
      steps: [
        { kind: 'set-weight', percent: 10 },
        { kind: 'pause', forMs: 2 * minute },
      ],
    });
    rig.until('paused');
    const since = rig.now;
    rig.until('promoting');
    expect(rig.now - since).toBeGreaterThanOrEqual(2 * minute);
    expect(rig.now - since).toBeLessThan(2 * minute + 1_000);
  });

  test('without an end waits for a person', () => {
    const rig = aRollout({ steps: [{ kind: 'pause', forMs: null }] }).until('paused');
    for (let step = 0; step < 50; step++) rig.step();
    expect(rig.rollout.phase.name).toBe('paused');
    rig.fold({ kind: 'resume-requested', by: 'eve', reason: 'go', at: rig.now });
    expect(rig.rollout.phase.name).toBe('promoting');
  });

  test('one word that is told twice does not pass the pause after the one it was about', () => {
    const pause = { kind: 'pause', forMs: null } as const;
    const rig = aRollout({ steps: [pause, pause] }).until('paused');
    const word = { kind: 'resume-requested', by: 'eve', reason: 'go', at: rig.now } as const;
    rig.fold(word);
    rig.fold(word);
    expect(rig.rollout).toMatchObject({ phase: { name: 'paused' }, step: 1 });
  });
});

describe('a roll-back', () => {
  const abort = { kind: 'abort-requested', by: 'eve', reason: 'wrong version', cancelled: true } as const;

  test.each(['deploying', 'setting-weight', 'analysing', 'promoting', 'baking'] as const)(
    'on request works while %s',
    (phase) => {
      const rig = aRollout().until(phase);
      rig.fold({ ...abort, at: rig.now });
      rig.finish();
      expect(rig.outcome).toMatchObject({
        result: 'cancelled',
        reason: expect.stringContaining('wrong version'),
      });
      expect(rig.actions.at(-1)?.kind).toBe('roll-back');
    },
  );

  test('before anything was changed is none', () => {
    const rig = aRollout();
    rig.fold({ ...abort, at: rig.now });
    expect(rig.rollout.phase.name).toBe('refused');
    expect(rig.outcome?.result).toBe('cancelled');
  });

  test('comes too late once the old version is being removed', () => {
    const rig = aRollout({ drainMs: 0 }).until('retiring');
    rig.fold({ ...abort, at: rig.now });
    expect(rig.finish().outcome?.result).toBe('succeeded');
  });

  test('lets a change that is under way end first, but not for ever', () => {
    const rig = aRollout().until('deploying');
    rig.fold({ ...abort, at: rig.now });
    expect(kinds(rig.actions)).not.toContain('roll-back');
    rig.fold({ kind: 'tick', at: rig.now + minute });
    expect(rig.actions.at(-1)?.kind).toBe('roll-back');
  });

  test('is not over before the new version is gone', () => {
    const rig = aRollout({}, { canaryBadRate: 0.5, lingerMs: 30_000 }).until('rolling-back');
    const since = rig.now;
    rig.finish();
    expect(rig.now - since).toBeGreaterThanOrEqual(30_000);
    expect(rig.rollout.facts?.canary).toBeNull();
  });

  test('that fails is tried again, then calls a person, and still goes on', () => {
    const isDown = (at: number) => at < 20 * minute;
    const rig = aRollout(
      {},
      {
        canaryBadRate: 0.5,
        fails: (action, at) =>
          action.kind === 'roll-back' && isDown(at)
            ? { reason: 'target-unreachable', retryable: true }
            : null,
      },
    );
    rig.until('rollback-blocked');
    expect(rig.lines.at(-1)).toContain('someone has to look');
    expect(rig.finish().rollout.phase.name).toBe('rolled-back');
    expect(rig.now).toBeGreaterThanOrEqual(20 * minute);
  });
});

describe('events', () => {
  test('that are repeated, late or unexpected change nothing', () => {
    const rig = aRollout().until('analysing');
    const { rollout } = rig;
    for (const event of rig.events) {
      if (event.kind === 'tick') continue;
      expect(advanceRollout(rollout, event)).toEqual({ rollout, commands: [] });
    }
    const early = { kind: 'tick', at: (rollout.wakeAt ?? 0) - 1 } as const;
    expect(advanceRollout(rollout, early)).toEqual({ rollout, commands: [] });
  });
});
