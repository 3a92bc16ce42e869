import { freezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import { expect, test } from 'vitest';
import { durationText, freezeFields, readFreeze } from './freeze-fields.ts';

test.for([
  [62 * 3_600_000, '62h'],
  [5_400_000, '1h30m'],
  [9 * 86_400_000, '9d'],
  [61_500, '1m1s500ms'],
] as const)('%i ms are %s', ([ms, text]) => {
  expect(durationText(ms)).toBe(text);
});

test('what was saved comes back from the form as it was', () => {
  const window = {
    name: 'w',
    kind: 'deny',
    cron: '0 18 * * 5',
    duration: '62h',
    timezone: 'UTC',
    reason: 'r',
  } as const;
  const rules = freezeRules.parse({ windows: [window], starts: 'refuse', breakGlass: ['ada', 'grace'] });
  expect(freezeRules.parse(readFreeze(freezeFields(rules)))).toEqual(rules);
});
