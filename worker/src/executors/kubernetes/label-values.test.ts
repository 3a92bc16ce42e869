import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { labelValue } from './label-values.ts';

test('a valid value stays as it is', () => {
  expect(labelValue('lint-and_test.1')).toBe('lint-and_test.1');
});

property.prop([fc.string({ maxLength: 200 })])('whatever a value holds, the cluster takes it', (value) => {
  expect(labelValue(value)).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
});

property.prop([fc.string(), fc.string()])('different values stay different', (one, other) => {
  fc.pre(one !== other);
  expect(labelValue(one)).not.toBe(labelValue(other));
});
