import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Combination, MatrixRules, MatrixValue } from '../language/definition.ts';
import { combine, maxCombinations } from './combine.ts';

const matrix = (
  lists: Readonly<Record<string, readonly MatrixValue[]>>,
  rest: Partial<Pick<MatrixRules, 'include' | 'exclude'>> = {},
) => combine({ lists, include: [], exclude: [], ...rest });

const names = (of: ReturnType<typeof combine>): readonly string[] =>
  of.ok ? of.value.map(({ name }) => name) : [of.error];

describe('combinations', () => {
  test('are one value of each list, the last list changing fastest', () => {
    expect(names(matrix({ node: [20, 22], os: ['linux', 'mac'] }))).toEqual([
      '20, linux',
      '20, mac',
      '22, linux',
      '22, mac',
    ]);
  });

  test('that exclude names, wholly or in part, are left out', () => {
    const made = matrix(
      { node: [20, 22], os: ['linux', 'mac'] },
      { exclude: [{ node: '20', os: 'mac' }, { node: 22 }] },
    );
    expect(names(made)).toEqual(['20, linux']);
  });

  test('get what include adds to them, and every name has a value in each', () => {
    const made = matrix({ node: [20, 22] }, { include: [{ node: 22, flag: '--new' }] });
    expect(made).toEqual({
      ok: true,
      value: [
        { name: '20', values: { node: 20, flag: '' } },
        { name: '22', values: { node: 22, flag: '--new' } },
      ],
    });
  });

  test('an include that agrees with none is one more combination, named by its own values', () => {
    const made = matrix({ node: [20], os: ['linux'] }, { include: [{ node: 18, os: 'linux', old: true }] });
    expect(names(made)).toEqual(['20, linux', '18, linux, true']);
  });

  test('an include without any list’s name is added to all; without lists, each include is a combination', () => {
    expect(matrix({ node: [20, 22] }, { include: [{ colour: 'green' }] })).toMatchObject({
      value: [{ values: { colour: 'green' } }, { values: { colour: 'green' } }],
    });
    expect(names(matrix({}, { include: [{ a: 1 }, { a: 2 }] }))).toEqual(['1', '2']);
  });

  test('are refused when there are too many, without being made', () => {
    const list = Array.from({ length: 300 }, (_, index) => index);
    expect(matrix({ a: list })).toEqual({ ok: false, error: 'it has 300 combinations' });
    expect(matrix({ a: list, b: list, c: list, d: list })).toMatchObject({ ok: false });
  });
});

property.prop([fc.array(rule(), { maxLength: 12 }), fc.array(rule(), { maxLength: 6 })])(
  'rules that are asked together say the same as each asked alone',
  (exclude, include) => {
    const lists = { a: [1, 2, '3'], b: [true, 'x'], c: [0, 1] };
    const made = matrix(lists, { exclude, include });
    const keys = Object.keys(lists);
    const agrees = (one: Combination, values: Combination) =>
      keys.every((name) => !Object.hasOwn(one, name) || String(one[name]) === String(values[name]));
    const says = (one: Combination) => keys.some((name) => Object.hasOwn(one, name));
    const all = matrix(lists);
    if (!all.ok || !made.ok) throw new Error('more than can be');
    const kept = all.value.filter(({ values }) => !exclude.some((one) => says(one) && agrees(one, values)));
    const added = include.filter((one) => !kept.some(({ values }) => agrees(one, values)));
    expect(made.value.length).toBe(kept.length + added.length);
    kept.forEach(({ values }, index) => {
      const flag = include.findLast((one) => Object.hasOwn(one, 'd') && agrees(one, values))?.['d'];
      expect(made.value[index]?.values).toMatchObject({
        ...values,
        ...(flag === undefined ? {} : { d: flag }),
      });
    });
  },
);

function rule() {
  return fc.record(
    {
      a: fc.constantFrom<MatrixValue>(1, '2', 3),
      b: fc.constantFrom<MatrixValue>('true', 'x'),
      c: fc.constantFrom<MatrixValue>(0, '1'),
      d: fc.constantFrom<MatrixValue>('new', 'old'),
    },
    { requiredKeys: [] },
  );
}

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean());

property.prop([fc.array(value, { maxLength: 8 }), fc.array(value, { maxLength: 8 })])(
  'names differ, hold nothing that an address or a path would read otherwise, and follow from the values',
  (a, b) => {
    const made = matrix({ a, b }, { include: [{ a: 'x', c: 'y/../z' }] });
    if (!made.ok) throw new Error(made.error);
    const all = names(made);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeLessThanOrEqual(maxCombinations);
    for (const name of all) expect(name).toMatch(/^[A-Za-z0-9_.+, ~-]{1,130}$/);
    expect(matrix({ a, b }, { include: [{ a: 'x', c: 'y/../z' }] })).toEqual(made);
  },
);
