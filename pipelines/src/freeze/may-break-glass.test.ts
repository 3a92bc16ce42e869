import { expect, test } from 'vitest';
import { noFreeze } from './freeze-rules.ts';
import { mayBreakGlass } from './may-break-glass.ts';

const grace = { name: 'grace', roles: ['admin'] };

test('without names it is administrators who may break the glass', () => {
  expect(mayBreakGlass(noFreeze, grace).ok).toBe(true);
  expect(mayBreakGlass(noFreeze, { name: 'ada', roles: ['member'] })).toMatchObject({
    error: 'Only an administrator may let a rollout through this freeze; ada is not among them.',
  });
});

test('where people or roles are named, nobody else may, not even an administrator', () => {
  const named = { ...noFreeze, breakGlass: ['ada', 'release-managers'] };
  expect(mayBreakGlass(named, { name: 'ada', roles: [] }).ok).toBe(true);
  expect(mayBreakGlass(named, { name: 'eve', roles: ['release-managers'] }).ok).toBe(true);
  expect(mayBreakGlass(named, grace)).toMatchObject({ error: expect.stringContaining('grace is not among') });
});
