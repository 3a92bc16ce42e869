import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Wave } from '../../language/definition.ts';
import { planWaves } from './plan-waves.ts';

const known = [
  { name: 'hz-1', partition: 'hangzhou' },
  { name: 'hz-2', partition: 'hangzhou' },
  { name: 'sh-1', partition: 'shanghai' },
  { name: 'bj-1', partition: null },
];
const rest: Wave = { kind: 'rest' };
const planned = (waves?: readonly Wave[], chosen?: readonly string[]) => planWaves(known, chosen, waves);

test('one cluster goes before all others where nothing is said', () => {
  expect(planned()).toEqual({ ok: true, value: [['hz-1'], ['hz-2', 'sh-1', 'bj-1']] });
});

test('waves are numbers, shares, clusters and partitions', () => {
  const waves: Wave[] = [
    { kind: 'named', names: ['bj-1'] },
    { kind: 'share', percent: 10 },
    { kind: 'named', names: ['hangzhou'] },
    rest,
  ];
  expect(planned(waves)).toEqual({ ok: true, value: [['bj-1'], ['hz-1'], ['hz-2'], ['sh-1']] });
});

test('only the chosen clusters take part', () => {
  expect(planned([{ kind: 'count', count: 1 }, rest], ['shanghai', 'hz-2'])).toEqual({
    ok: true,
    value: [['hz-2'], ['sh-1']],
  });
});

test('waves that leave clusters out are refused, and so are names that nobody knows', () => {
  expect(planned([{ kind: 'count', count: 2 }])).toEqual({
    ok: false,
    error: 'waves leave out sh-1, bj-1: end them with rest',
  });
  expect(planned([{ kind: 'named', names: ['gz-1'] }, rest])).toMatchObject({
    error: expect.stringContaining('waves names "gz-1", which the environment does not have'),
  });
  expect(planned(undefined, ['gz'])).toMatchObject({ error: expect.stringContaining('partition hangzhou') });
});

test('every chosen cluster is in exactly one wave, and no wave is empty', () => {
  const wave = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((count): Wave => ({ kind: 'count', count })),
    fc.integer({ min: 1, max: 100 }).map((percent): Wave => ({ kind: 'share', percent })),
    fc.constantFrom('p0', 'p1').map((name): Wave => ({ kind: 'named', names: [name] })),
  );
  const size = fc.integer({ min: 2, max: 120 });
  fc.assert(
    fc.property(fc.array(wave, { maxLength: 6 }), size, (waves, count) => {
      const clusters = Array.from({ length: count }, (_, index) => ({
        name: `c${index}`,
        partition: `p${index % 2}`,
      }));
      const result = planWaves(clusters, undefined, [...waves, rest]);
      if (!result.ok) throw new Error(result.error);
      expect(result.value.flat().toSorted()).toEqual(clusters.map(({ name }) => name).toSorted());
      expect(result.value.every((each) => each.length > 0)).toBe(true);
    }),
  );
});
