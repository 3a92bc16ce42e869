import { expect, test } from 'vitest';
import { normaliseGeneric } from './normalise.ts';

const sha = 'a'.repeat(40);
const aPush = {
  event: 'push',
  repository: 'acme/shop',
  branch: 'main',
  actor: 'ada',
  commit: { sha, message: 'Fix' },
};

test('a push starts its branch; what changed is unknown unless it says so', () => {
  expect(normaliseGeneric('push', aPush)).toEqual({
    kind: 'trigger',
    trigger: {
      event: 'push',
      repository: 'acme/shop',
      branch: 'main',
      actor: 'ada',
      commit: { sha, message: 'Fix', author: 'ada' },
      changedFiles: null,
    },
  });
  expect(normaliseGeneric('push', { ...aPush, changedFiles: ['a.ts'] })).toMatchObject({
    trigger: { changedFiles: ['a.ts'] },
  });
});

test('a tag starts the tag, and a manual event carries its inputs', () => {
  const { branch: _, ...rest } = aPush;
  expect(normaliseGeneric('tag', { ...rest, event: 'tag', tag: 'v1' })).toMatchObject({
    trigger: { tag: 'v1' },
  });
  expect(normaliseGeneric('manual', { ...aPush, event: 'manual', inputs: { dry: true } })).toMatchObject({
    trigger: { event: 'manual', inputs: { dry: true } },
  });
});

test('a ping and a deletion are ignored with a reason', () => {
  expect(normaliseGeneric('ping', { event: 'ping', repository: 'acme/shop' })).toMatchObject({
    kind: 'ignored',
  });
  expect(normaliseGeneric('push', { ...aPush, commit: { sha: '0'.repeat(40) } })).toEqual({
    kind: 'ignored',
    reason: 'main was deleted.',
  });
});

test.each([
  null,
  [],
  'x',
  {},
  { event: 'explode' },
  { ...aPush, commit: { sha: '--help' } },
  { ...aPush, branch: '' },
])('a body that is no delivery (%j) is ignored and says what to mend', (payload) => {
  expect(normaliseGeneric('push', payload)).toMatchObject({
    kind: 'ignored',
    reason: expect.stringContaining('docs/webhooks.md'),
  });
});
