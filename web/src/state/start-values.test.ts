import type { ManualInput } from '@sluice/pipelines/plan/manual-start';
import { expect, test } from 'vitest';
import { givenInputs, startValues } from './start-values.ts';

const inputs: readonly ManualInput[] = [
  { name: 'note', type: 'string', default: 'none', isRequired: false },
  { name: 'title', type: 'string', default: null, isRequired: true },
  { name: 'rounds', type: 'number', default: 3, isRequired: false },
  { name: 'dry', type: 'boolean', default: false, isRequired: false },
];

test('fields begin with the defaults, and what was typed stays', () => {
  expect(startValues(inputs, {})).toEqual({ note: 'none', title: '', rounds: 3, dry: false });
  expect(startValues(inputs, { rounds: 7, gone: 'x' })).toEqual({
    note: 'none',
    title: '',
    rounds: 7,
    dry: false,
  });
});

test('an empty field gives nothing, except a text that has a default and was emptied', () => {
  const values = startValues(inputs, { note: '', rounds: '' });
  expect(givenInputs(inputs, values)).toEqual({ note: '', dry: false });
});
