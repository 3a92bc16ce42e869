import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideOrphan,
  defaultPatience,
  type AttemptStanding,
  type OrphanRule,
  type StandingThing,
} from './decide-orphan.ts';

const rule: OrphanRule = { installation: 'ours', underWay: new Set(), ...defaultPatience };
const attemptId = 'a';
const thing: StandingThing = { installation: 'ours', ageMs: 3_600_000, isDeployed: false };
const fateOf = (standing: AttemptStanding, some: Partial<StandingThing> = {}, by = rule) =>
  decideOrphan({ ...thing, ...some }, standing, by).kind;

describe('what stands on an engine', () => {
  test('stays while its attempt is open or kept for a shell', () => {
    expect(fateOf({ kind: 'open', attemptId })).toBe('keep');
    expect(fateOf({ kind: 'kept', attemptId })).toBe('keep');
  });

  test('waits for its own worker, and goes when the attempt has been over for more than a minute', () => {
    expect(fateOf({ kind: 'over', attemptId, forMs: 60_000 })).toBe('wait');
    expect(fateOf({ kind: 'over', attemptId, forMs: 60_001 })).toBe('remove');
  });

  test('goes when the server does not know its attempt and it is older than ten minutes', () => {
    expect(fateOf({ kind: 'unknown' }, { ageMs: 600_000 })).toBe('wait');
    expect(fateOf({ kind: 'unknown' }, { ageMs: 600_001 })).toBe('remove');
  });

  test('stays while this process cleans up after its attempt', () => {
    const busy = { ...rule, underWay: new Set([attemptId]) };
    expect(fateOf({ kind: 'over', attemptId, forMs: 3_600_000 }, {}, busy)).toBe('keep');
  });

  test('says why it goes', () => {
    expect(decideOrphan(thing, { kind: 'over', attemptId, forMs: 95_000 }, rule)).toEqual({
      kind: 'remove',
      reason: 'its attempt has been over for 95 s and nobody had removed it',
    });
    expect(decideOrphan(thing, { kind: 'unknown' }, rule)).toEqual({
      kind: 'remove',
      reason: 'it is 60 min old and the server knows no attempt that it could belong to',
    });
  });
});

const ms = fc.nat({ max: 10 ** 9 });
const anyStanding: fc.Arbitrary<AttemptStanding> = fc.oneof(
  fc.constant({ kind: 'open', attemptId } as const),
  fc.constant({ kind: 'kept', attemptId } as const),
  ms.map((forMs) => ({ kind: 'over', attemptId, forMs }) as const),
  fc.constant({ kind: 'unknown' } as const),
);
const anyThing: fc.Arbitrary<StandingThing> = fc.record({
  installation: fc.constantFrom('ours', 'theirs', null),
  ageMs: ms,
  isDeployed: fc.boolean(),
});

test('nothing of another installation, and nothing that is deployed, is ever touched', () => {
  fc.assert(
    fc.property(anyThing, anyStanding, (some, standing) => {
      fc.pre(some.installation !== 'ours' || some.isDeployed);
      expect(decideOrphan(some, standing, rule).kind).toBe('keep');
    }),
  );
});

test('once a thing is an orphan, it stays one as time passes', () => {
  fc.assert(
    fc.property(anyThing, anyStanding, ms, (some, standing, passed) => {
      fc.pre(decideOrphan(some, standing, rule).kind === 'remove');
      const later = standing.kind === 'over' ? { ...standing, forMs: standing.forMs + passed } : standing;
      const older = { ...some, ageMs: some.ageMs + passed };
      expect(decideOrphan(older, later, rule).kind).toBe('remove');
    }),
  );
});

test('the age of a thing says nothing about an attempt that the server knows', () => {
  fc.assert(
    fc.property(anyThing, anyStanding, ms, (some, standing, ageMs) => {
      fc.pre(standing.kind !== 'unknown');
      expect(decideOrphan({ ...some, ageMs }, standing, rule).kind).toBe(
        decideOrphan(some, standing, rule).kind,
      );
    }),
  );
});
