// Whatever the target, the metrics and the people do, these hold.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFrozen } from '../freeze/freeze-at.ts';
import { freezeRules, noFreeze, type FreezeRules } from '../freeze/freeze-rules.ts';
import type { RolloutStep } from '../language/definition.ts';
import { advanceRollout, isTerminal } from './advance-rollout.ts';
import { isReady } from './reading.ts';
import { replayRollout } from './replay.ts';
import { aSpec, RolloutRig, simulateTarget, type World } from './rollout-rig.ts';
import type { Rollout, RolloutEvent } from './rollout-state.ts';
import { isNothing } from './traffic.ts';

const minute = 60_000;

const steps = fc.array(
  fc.oneof(
    fc.constantFrom(1, 10, 50).map((percent): RolloutStep => ({ kind: 'set-weight', percent })),
    fc.constantFrom(minute, 3 * minute).map((forMs): RolloutStep => ({ kind: 'analysis', forMs })),
    fc.constantFrom(minute).map((forMs): RolloutStep => ({ kind: 'analysis', forMs, whole: true })),
    fc
      .constantFrom([], [{ kind: 'header', name: 'x-canary', value: '1' } as const])
      .map((match): RolloutStep => ({ kind: 'set-route', match })),
    fc.constantFrom(0, 20).map((percent): RolloutStep => ({ kind: 'set-mirror', percent })),
    fc.constantFrom(null, 30_000).map((forMs): RolloutStep => ({ kind: 'pause', forMs })),
    fc.constantFrom(1, 2).map((count): RolloutStep => ({
      kind: 'approve',
      approval: { by: [], count, withinMs: 5 * minute, notAuthor: true },
    })),
  ),
  { maxLength: 5 },
);

const counter = {
  kind: 'count',
  query: 'bad',
  of: 'all',
  worseThan: 1.5,
  limit: null,
  dryRun: false,
} as const;
const gauge = { kind: 'points', query: 'mean', tolerance: 0.1, limit: null, dryRun: false } as const;
const rules = {
  intervalMs: 20_000,
  count: 3,
  failureLimit: 1,
  inconclusiveLimit: 2,
  consecutiveErrorLimit: 2,
  initialDelayMs: 30_000,
};
const someMetrics = [
  {},
  { errors: counter, mean: gauge },
  { errors: { ...counter, rules }, mean: { ...gauge, limit: 300 } },
  { errors: counter, mean: { ...gauge, tolerance: null, limit: 150, rules } },
];

const work = fc.record({
  metrics: fc.constantFrom(...someMetrics),
  budget: fc.constantFrom(0.99, 0.9999),
  strategy: fc.constantFrom(
    'canary' as const,
    'canary' as const,
    'rolling' as const,
    'blue-green' as const,
    'shadow' as const,
    'recreate' as const,
  ),
  afterwards: fc.constantFrom('promote' as const, 'promote' as const, 'end' as const),
  progressDeadlineMs: fc.constantFrom(5 * minute, 20 * minute),
  hooks: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('one', 'two', 'three'),
      type: fc.constantFrom(
        'confirm-rollout' as const,
        'pre-rollout' as const,
        'rollout' as const,
        'rollback' as const,
        'confirm-promotion' as const,
        'post-rollout' as const,
      ),
      url: fc.constant('https://gate.example.com'),
      timeoutMs: fc.constant(1_000),
      retries: fc.constantFrom(0, 3),
      metadata: fc.constant({}),
    }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
  steps,
  noData: fc.constantFrom('wait' as const, 'fail' as const),
  onInconclusive: fc.constantFrom('hold' as const, 'abort' as const),
  bakeMs: fc.constantFrom(0, 30_000),
  drainMs: fc.constantFrom(0, 5_000),
  deadlineMs: fc.constantFrom(10 * minute, 40 * minute),
});

/** Troubles end after an hour at the latest: "the target eventually answers". */
const world = fc
  .record({
    stable: fc.constantFrom(true, true, true, false),
    requestsPerSecond: fc.constantFrom(0, 5, 100),
    stableBadRate: fc.constantFrom(0, 0.001, 0.02),
    canaryBadRate: fc.constantFrom(0, 0.001, 0.05, 0.5),
    startMs: fc.constantFrom(0, 3_000, 3_000, 3_000, 15 * minute),
    problem: fc.constantFrom(null, null, null, null, null, null, 'CrashLoopBackOff'),
    lingerMs: fc.constantFrom(0, 40_000),
    stopMs: fc.constantFrom(0, 0, 30_000, 30 * minute),
    chosenPercent: fc.constantFrom(0, 5),
    isRouterStuck: fc.constantFrom(false, false, false, false, false, false, true),
    seed: fc.nat(),
    trouble: fc.constantFrom(0, 0.1, 0.6),
  })
  .map(({ seed, trouble, ...rest }): Partial<World> => ({
    ...rest,
    metrics: (at) => {
      const roll = hash(seed, at) * 3;
      return at > 60 * minute || roll > 3 * trouble ? 'fine' : roll < trouble ? 'silent' : 'error';
    },
    gauge: (at) => {
      const of = (level: number, salt: number) =>
        hash(seed + salt, at) < trouble / 2 ? null : level * (0.9 + 0.2 * hash(seed + salt + 1, at));
      return { stable: of(100, 5), canary: of(rest.canaryBadRate > 0.01 ? 300 : 100, 7) };
    },
    lateMs: (at) => (hash(seed + 4, at) < trouble / 3 ? 30_000 : 0),
    isLimping: (at) => hash(seed + 3, at) < trouble,
    agrees: (hook, at) => hash(seed + hook.length, at) > trouble / 2 || at > 60 * minute,
    fails: (action, at) =>
      at < 60 * minute && hash(seed + 1, at) < trouble / 2
        ? {
            reason: 'target-unreachable',
            retryable: action.kind !== 'set-weight' || hash(seed + 2, at) < 0.8,
          }
        : null,
  }));

const interruptions = fc.array(
  fc.record({
    afterSteps: fc.nat(60),
    who: fc.constantFrom('ann', 'bob', 'eve'),
    word: fc.integer({ min: 1, max: 6 }),
    what: fc.constantFrom(
      'approved',
      'approved',
      'rejected',
      'resume',
      'hold',
      'promote',
      'hold-all',
      'resume-all',
      'promote-all',
      'abort',
      'tick',
      'old-result',
      'break-glass',
      'thaw',
    ),
  }),
  { maxLength: 8 },
);

const freeze = fc.option(
  fc
    .array(
      fc.record({
        line: fc.constantFrom(
          { kind: 'deny' as const, cron: '0 * * * *' },
          { kind: 'deny' as const, cron: '5 * * * *' },
          { kind: 'allow' as const, cron: '30 * * * *' },
        ),
        duration: fc.constantFrom('3m', '20m'),
      }),
      { maxLength: 2 },
    )
    .map((windows) =>
      freezeRules.parse({
        windows: windows.map(({ line, duration }, index) => ({
          ...line,
          duration,
          name: `w${index}`,
          timezone: 'Asia/Shanghai',
          reason: 'quiet',
        })),
      }),
    ),
  { nil: undefined },
);

type Interruption = { readonly who: string; readonly what: string; readonly word: number };

describe('any rollout', () => {
  const story = fc.record({ work, world, interruptions, freeze });

  test('ends, never promotes without evidence, never moves traffic to what is not ready', () => {
    fc.assert(
      fc.property(story, (told) => {
        const rig = tell(told, (now, before) => {
          expectNotStuck(now.rollout);
          expectOnlyReadyGetsTraffic(now, before);
          expectNeverTwoAtOnce(now);
          expectConfirmed(now, before);
          expectNothingGoesForwardInAFreeze(now, before);
        });
        expect(isTerminal(rig.rollout)).toBe(true);
        expect(rig.outcome).not.toBeNull();
        expectEvidenceForPromotion(rig);
        const { phase, weightPercent, facts, traffic } = rig.rollout;
        const isClean =
          weightPercent === 0 && facts?.canary === null && (traffic === undefined || isNothing(traffic));
        expect(phase.name !== 'rolled-back' || isClean).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('tells the same story when its stored events are folded again, from any moment on', () => {
    fc.assert(
      fc.property(story, fc.double({ min: 0, max: 1, noNaN: true }), (told, moment) => {
        const rig = tell(told);
        const replay = replayRollout(rig.rollout.spec, rig.events, 0);
        expect(JSON.stringify(replay.decisions)).toBe(JSON.stringify(rig.decisions));
        expect(replay.rollout).toEqual(rig.rollout);
        const cut = Math.floor(moment * rig.events.length);
        const stored = replayRollout(rig.rollout.spec, rig.events.slice(0, cut), 0).rollout;
        const revived: Rollout = JSON.parse(JSON.stringify(stored));
        const rest = rig.events
          .slice(cut)
          .reduce((state, event) => advanceRollout(state, event).rollout, revived);
        expect(rest).toEqual(rig.rollout);
      }),
      { numRuns: 30 },
    );
  });

  test('does not notice that an event comes twice', () => {
    fc.assert(
      fc.property(story, (told) => {
        const rig = tell(told);
        const twice = rig.events.flatMap((event) => [event, event]);
        expect(replayRollout(rig.rollout.spec, twice, 0).rollout).toEqual(rig.rollout);
      }),
      { numRuns: 30 },
    );
  });
});

function tell(
  told: {
    readonly work: Parameters<typeof aSpec>[0];
    readonly world: Partial<World>;
    readonly freeze: FreezeRules | undefined;
    readonly interruptions: readonly (Interruption & { readonly afterSteps: number })[];
  },
  check: RolloutRig['check'] = () => {},
): RolloutRig {
  const spec = aSpec(told.work);
  const rig = new RolloutRig(spec, simulateTarget(spec, told.world));
  rig.check = check;
  rig.start(told.freeze);
  for (let step = 0; !rig.isOver; step++) {
    for (const { afterSteps, ...interruption } of told.interruptions) {
      if (afterSteps === step) rig.fold(eventOf(interruption, rig));
    }
    if (step > 5_000 || (!rig.isOver && !rig.step())) throw new Error(`stuck in ${rig.rollout.phase.name}`);
  }
  return rig;
}

function eventOf({ who, what, word }: Interruption, { rollout, now }: RolloutRig): RolloutEvent {
  switch (what) {
    case 'approved':
    case 'rejected':
      return { kind: 'voted', vote: { by: who, verdict: what, reason: null, at: now }, at: now };
    case 'resume':
      return { kind: 'resume-requested', by: who, reason: 'because', at: now };
    case 'hold':
      return { kind: 'hold-requested', by: who, reason: 'because', at: now };
    case 'promote':
      return { kind: 'promote-requested', by: who, reason: 'because', at: now };
    case 'hold-all':
      return { kind: 'hold-requested', by: who, reason: 'because', at: now, word };
    case 'resume-all':
      return { kind: 'resume-requested', by: who, reason: 'because', at: now, word };
    case 'promote-all':
      return { kind: 'promote-requested', by: who, reason: 'because', at: now, word };
    case 'abort':
      return { kind: 'abort-requested', by: who, reason: 'because', cancelled: who === 'ann', at: now };
    case 'break-glass':
      return { kind: 'glass-broken', by: who, reason: 'because', at: now };
    case 'thaw':
      return { kind: 'freeze-changed', freeze: noFreeze, at: now };
    case 'old-result': {
      const result = { result: 'failed', reason: 'late', message: 'late', retryable: false } as const;
      return { kind: 'action-finished', action: rollout.lastAction - 1, result, at: now };
    }
    default:
      return { kind: 'tick', at: now };
  }
}

function expectNotStuck(rollout: Rollout): void {
  if (isTerminal(rollout) || rollout.phase.name === 'planned') return;
  expect(rollout.pending !== null || rollout.wakeAt !== null).toBe(true);
}

/** A higher weight is only asked for when the last facts showed every replica ready. */
function expectOnlyReadyGetsTraffic({ rollout }: RolloutRig, before: Rollout): void {
  const { pending } = rollout;
  if (pending === null || pending.action === before.pending?.action) return;
  if (pending.what.kind !== 'set-weight' && pending.what.kind !== 'promote') return;
  expect(isReady(rollout.facts?.canary ?? null)).toBe(true);
}

/** Where two versions must not run at once, the new one is only asked for when nothing of the old one runs. */
function expectNeverTwoAtOnce({ rollout }: RolloutRig): void {
  if (rollout.spec.work.strategy !== 'recreate' || rollout.pending?.what.kind !== 'deploy') return;
  expect(rollout.facts?.stable?.ready ?? 0).toBe(0);
}

/** Nothing is deployed, and nothing promoted, before every hook that confirms it has agreed. */
function expectConfirmed({ rollout, events }: RolloutRig, before: Rollout): void {
  const { pending, spec } = rollout;
  if (pending === null || pending.action === before.pending?.action) return;
  const type = { deploy: 'confirm-rollout', promote: 'confirm-promotion' }[String(pending.what.kind)];
  const wanted = (spec.work.hooks ?? []).filter((hook) => hook.type === type).length;
  const last = events.at(-1);
  if (wanted === 0 || before.phase.name !== 'asking-hooks') return;
  expect(last).toMatchObject({ result: { result: 'answered', agrees: true } });
}

/** A roll-back is always allowed, a smaller weight too, and a service whose old version was stopped has to serve again. */
function expectNothingGoesForwardInAFreeze({ rollout, now }: RolloutRig, before: Rollout): void {
  const { pending, freeze: rules, passesFreeze } = rollout;
  if (pending === null || pending.action === before.pending?.action) return;
  if (rollout.spec.work.strategy === 'recreate') return;
  if (rules === undefined || passesFreeze !== undefined || !isFrozen(rules, now)) return;
  const { what } = pending;
  const known = rollout.facts?.canary?.weightPercent ?? 0;
  const isForward = what.kind === 'promote' || (what.kind === 'set-weight' && what.percent > known);
  expect(isForward ? what : null).toBeNull();
}

/** Every analysis before the promotion was passed by the judge, or a person took it upon them by name. */
function expectEvidenceForPromotion({ rollout, decisions, actions }: RolloutRig): void {
  const { strategy } = rollout.spec.work;
  const isPromoted = actions.some(({ kind }) => kind === 'promote');
  if (!isPromoted || rollout.replaces === null || ['rolling', 'recreate'].includes(strategy)) return;
  const early = decisions.find(({ kind, by }) => kind === 'promote' && by !== 'judge');
  rollout.spec.work.steps.forEach((step, index) => {
    if (step.kind !== 'analysis' || index >= (early?.step ?? Infinity)) return;
    const last = decisions.filter((decision) => decision.step === index && decision.kind !== 'hold').at(0);
    const passed = decisions.some(
      ({ step: of, kind, verdict }) => of === index && kind === 'continue' && verdict?.kind === 'pass',
    );
    const resumed = decisions.some(
      ({ step: of, kind, by }) => of === index && kind === 'resume' && by !== 'judge',
    );
    expect(passed || resumed, `step ${index}: ${last?.kind}`).toBe(true);
  });
}

/** A number in [0, 1) that looks random. */
function hash(seed: number, at: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(at | 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32;
}
