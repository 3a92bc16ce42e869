import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { freezeAt, isFrozen, nextFreeze } from './freeze-at.ts';
import { freezeRules, type FreezeRules } from './freeze-rules.ts';

const hour = 3_600_000;
const at = (text: string): number => Date.parse(text);
const iso = (time: number | null | undefined): string | null =>
  time === null || time === undefined ? null : new Date(time).toISOString().slice(0, 16);

type Line = readonly ['deny' | 'allow', string, string, string];

const rules = (...lines: readonly Line[]): FreezeRules =>
  freezeRules.parse({
    windows: lines.map(([kind, cron, duration, timezone], index) => ({
      name: `w${index}`,
      kind,
      cron,
      duration,
      timezone,
      reason: `because ${index}`,
    })),
  });

const weekend = ['deny', '0 18 * * FRI', '62h', 'Asia/Shanghai'] as const;
const officeHours = ['allow', '0 9 * * MON-FRI', '8h', 'Europe/Berlin'] as const;

describe('a deny window', () => {
  test('freezes from its firing on for its duration, by the clock of its zone', () => {
    const frozen = rules(weekend);
    expect(freezeAt(frozen, at('2026-11-20T09:59:59.999Z'))).toBeNull();
    const freeze = freezeAt(frozen, at('2026-11-20T10:00:00Z'));
    expect(freeze).toMatchObject({ window: 'w0', reason: 'because 0' });
    expect([iso(freeze?.since), iso(freeze?.until)]).toEqual(['2026-11-20T10:00', '2026-11-23T00:00']);
    expect(freezeAt(frozen, at('2026-11-23T00:00:00Z'))).toBeNull();
  });

  test('goes before an allow window', () => {
    const both = rules(officeHours, ['deny', '0 12 * * *', '1h', 'Europe/Berlin']);
    expect(freezeAt(both, at('2026-11-18T10:30:00Z'))).toBeNull();
    const freeze = freezeAt(both, at('2026-11-18T11:30:00Z'));
    expect([freeze?.window, iso(freeze?.since), iso(freeze?.until)]).toEqual([
      'w1',
      '2026-11-18T11:00',
      '2026-11-18T12:00',
    ]);
  });

  test('and another that touches it make one freeze', () => {
    const nights = rules(['deny', '0 20 * * *', '4h', 'UTC'], ['deny', '0 0 * * *', '6h', 'UTC']);
    const freeze = freezeAt(nights, at('2026-11-18T01:00:00Z'));
    expect([iso(freeze?.since), iso(freeze?.until)]).toEqual(['2026-11-17T20:00', '2026-11-18T06:00']);
  });

  test('that fires again before it has ended never lets go', () => {
    const always = rules(['deny', '* * * * *', '2m', 'UTC']);
    expect(freezeAt(always, at('2026-11-18T01:00:00Z'))).toMatchObject({ since: null, until: null });
  });
});

describe('with allow windows', () => {
  test('it is frozen outside of all of them', () => {
    const freeze = freezeAt(rules(officeHours), at('2026-11-20T20:00:00Z'));
    expect(freeze).toMatchObject({ window: null, reason: 'because 0' });
    expect([iso(freeze?.since), iso(freeze?.until)]).toEqual(['2026-11-20T16:00', '2026-11-23T08:00']);
    expect(freezeAt(rules(officeHours), at('2026-11-23T08:00:00Z'))).toBeNull();
  });

  test('one that is open is enough', () => {
    const two = rules(officeHours, ['allow', '0 20 * * *', '1h', 'UTC']);
    expect(freezeAt(two, at('2026-11-20T20:30:00Z'))).toBeNull();
  });
});

describe('where the clock is changed', () => {
  test('a window opens by the wall clock and lasts its duration of real time', () => {
    const night = rules(['deny', '30 1 * * *', '2h', 'America/New_York']);
    const back = freezeAt(night, at('2026-11-01T06:00:00Z'));
    expect([iso(back?.since), iso(back?.until)]).toEqual(['2026-11-01T05:30', '2026-11-01T07:30']);
    expect(freezeAt(night, at('2026-11-01T07:30:00Z'))).toBeNull();
  });

  test('a window whose beginning is leapt over opens at the leap', () => {
    const night = rules(['deny', '30 2 * * *', '1h', 'America/New_York']);
    const freeze = freezeAt(night, at('2026-03-08T07:10:00Z'));
    expect([iso(freeze?.since), iso(freeze?.until)]).toEqual(['2026-03-08T07:00', '2026-03-08T08:00']);
  });
});

test('the next freeze is the one after the present one', () => {
  const frozen = rules(weekend);
  expect(iso(nextFreeze(frozen, at('2026-11-18T00:00:00Z'))?.since)).toBe('2026-11-20T10:00');
  expect(iso(nextFreeze(frozen, at('2026-11-21T00:00:00Z'))?.since)).toBe('2026-11-27T10:00');
  expect(nextFreeze(rules(), at('2026-11-18T00:00:00Z'))).toBeNull();
});

test.for([
  [{ cron: '0 18 * * FRIDAY' }, 'is not a schedule'],
  [{ timezone: 'Asia/Peking' }, 'There is no time zone "Asia/Peking"'],
  [{ duration: '5' }, 'must be a time from 1m to 400d, such as 8h or 62h, not "5"'],
  [{ duration: '10s' }, 'must be a time from 1m to 400d'],
  [{ kind: 'forbid' }, 'must be deny or allow'],
  [{ reason: ' ' }, 'say why'],
  [{ durations: '5h' }, 'durations'],
] as const)('%o is refused with what to do', ([wrong, message]) => {
  const window = {
    name: 'w',
    kind: 'deny',
    cron: '0 18 * * 5',
    duration: '1h',
    timezone: 'UTC',
    reason: 'r',
  };
  expect(freezeRules.safeParse({ windows: [window] }).success).toBe(true);
  expect(freezeRules.safeParse({ windows: [{ ...window, ...wrong }] }).error?.issues).toMatchObject([
    { message: expect.stringContaining(message) },
  ]);
});

test('two windows of one name are refused', () => {
  const window = {
    name: 'w',
    kind: 'deny',
    cron: '0 18 * * 5',
    duration: '1h',
    timezone: 'UTC',
    reason: 'r',
  };
  expect(freezeRules.safeParse({ windows: [window, window] }).error?.message).toContain('two windows');
});

const someRules = fc
  .array(
    fc.tuple(
      fc.constantFrom('deny' as const, 'allow' as const),
      fc.constantFrom(
        '0 18 * * 5',
        '0 */6 * * *',
        '30 2 * * *',
        '0 0 1 * *',
        '15 1,13 * * 1-5',
        '0 12 24 12 *',
      ),
      fc.constantFrom('10m', '45m', '3h', '26h', '9d'),
      fc.constantFrom('UTC', 'America/New_York', 'Asia/Shanghai', 'Australia/Lord_Howe'),
    ),
    { maxLength: 3 },
  )
  .map((lines) => rules(...lines));
const moments = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });

describe('any windows', () => {
  property.prop([someRules, moments, fc.double({ min: 0, max: 1, noNaN: true })], { numRuns: 30 })(
    'are frozen from since until before until, and neither just before nor at the end',
    (any, moment, part) => {
      const freeze = freezeAt(any, moment);
      expect(isFrozen(any, moment)).toBe(freeze !== null);
      if (freeze === null) return;
      if (freeze.since !== null) {
        expect(freeze.since).toBeLessThanOrEqual(moment);
        expect(isFrozen(any, freeze.since)).toBe(true);
        expect(isFrozen(any, freeze.since - 1)).toBe(false);
      }
      if (freeze.until !== null) {
        expect(freeze.until).toBeGreaterThan(moment);
        expect(isFrozen(any, freeze.until)).toBe(false);
        expect(isFrozen(any, freeze.until - 1)).toBe(true);
        expect(isFrozen(any, moment + Math.floor(part * (freeze.until - 1 - moment)))).toBe(true);
      }
    },
  );

  property.prop([someRules, moments, fc.double({ min: 0, max: 1, noNaN: true })], { numRuns: 30 })(
    'are not frozen before the next freeze',
    (any, moment, part) => {
      const begin = isFrozen(any, moment) ? freezeAt(any, moment)?.until : moment;
      if (begin === null || begin === undefined) return;
      const next = nextFreeze(any, moment);
      const end = next?.since ?? begin + 30 * 24 * hour;
      expect(isFrozen(any, begin + Math.floor(part * (end - 1 - begin)))).toBe(false);
    },
  );

  property.prop([someRules, moments], { numRuns: 30 })(
    'freeze more with a deny, never less',
    (any, moment) => {
      const more = { ...any, windows: [...any.windows, ...rules(weekend).windows] };
      expect(isFrozen(more, moment) || !isFrozen(any, moment)).toBe(true);
    },
  );
});
