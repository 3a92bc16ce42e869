import { expect, test } from 'vitest';
import type { Seen } from './drift.ts';
import { missingInWords, rulesToAdd } from './missing-rights.ts';
import { afterLook, lookWarning, wrongWith, type LookReport, type PlaceLook } from './place-look.ts';

const minute = 60_000;
const released = { version: 'r7', image: 'shop@sha256:7', replicas: 3 };
const asReleased: Seen = {
  kind: 'found',
  ...released,
  weightPercent: null,
  changedBy: { image: null, replicas: null },
};
const never: PlaceLook = {
  lookedAt: null,
  triedAt: null,
  problem: null,
  drift: null,
  runs: null,
  missingRights: null,
};
const missing = [
  { apiGroup: '', resource: 'pods', name: null, verbs: ['list'] },
  { apiGroup: 'apps', resource: 'deployments', name: 'shop', verbs: ['get', 'patch'] },
];

/** Looks a minute apart, the last one first. */
const looked = (...reports: readonly Partial<LookReport>[]): PlaceLook =>
  reports.reduceRight<PlaceLook>(
    (before, report, index) =>
      afterLook(
        before,
        { seen: asReleased, missingRights: null, ...report },
        released,
        (reports.length - index) * minute,
      ),
    never,
  );
const wrong = ({ problem, drift, missingRights }: PlaceLook) =>
  wrongWith({ problem, differences: drift?.differences ?? [], missingRights });

test('what runs as it was released with all rights has nothing wrong', () => {
  const look = looked({ missingRights: [] });
  expect(look).toMatchObject({ lookedAt: minute, triedAt: minute, runs: released });
  expect(wrong(look)).toEqual([]);
  expect(lookWarning('sh-1', look, minute)).toBeNull();
  expect(lookWarning('sh-1', never, minute)).toBeNull();
});

test('drift keeps the time of the look that found it first', () => {
  const drifted = { seen: { ...asReleased, replicas: 1 } };
  expect(looked(drifted, drifted, {}).drift?.since).toBe(2 * minute);
  expect(looked({}, drifted).drift).toBeNull();
});

test('a place that cannot be read keeps what was known, and says when it was tried', () => {
  const seen = { kind: 'unreadable', message: 'does not answer' } as const;
  const look = looked({ seen, missingRights: missing }, { seen: { ...asReleased, replicas: 1 } });
  expect(look).toMatchObject({ lookedAt: minute, triedAt: 2 * minute, drift: { since: minute } });
  expect(wrong(look)).toEqual([
    'does not answer',
    'not as it was released: replicas is 1 instead of 3',
    'its credentials may not list pods; get, patch deployments/shop',
  ]);
});

test('where nothing was released nothing is drift, and a missing namespace is told beside what is gone', () => {
  const gone = {
    seen: { kind: 'gone', message: 'Create the namespace shop first.' },
    missingRights: null,
  } as const;
  expect(afterLook(never, gone, null, minute)).toMatchObject({ drift: null, problem: gone.seen.message });
  expect(wrong(afterLook(never, gone, released, minute))).toEqual([
    'Create the namespace shop first.',
    'not as it was released: r7 is gone',
  ]);
});

test('a rollout is warned in one line, with the age of the look', () => {
  const look = looked({ seen: { kind: 'unreadable', message: 'no\nanswer' }, missingRights: missing });
  expect(lookWarning('sh-1', look, 5 * minute)).toBe(
    'Warning: cluster "sh-1", as a worker saw it 4 minutes ago: no answer, and its credentials may not list pods; get, patch deployments/shop',
  );
});

test('missing rights are rules of a Role', () => {
  expect(missingInWords(missing)).toBe('list pods; get, patch deployments/shop');
  expect(rulesToAdd(missing)).toEqual([
    "- { apiGroups: [''], resources: [pods], verbs: [list] }",
    '- { apiGroups: [apps], resources: [deployments], resourceNames: [shop], verbs: [get, patch] }',
  ]);
});
