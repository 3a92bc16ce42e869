import examples from '@octokit/webhooks-examples';
import { describe, expect, test } from 'vitest';
import { normaliseGithub } from './normalise.ts';

const payloads = examples.flatMap(({ name, examples: all }) =>
  all.map((payload, index) => ({ name, index, payload: payload as unknown })),
);

test('there are payloads of every event', () => {
  expect(payloads.length).toBeGreaterThan(300);
});

test.each(payloads)('$name payload $index is accepted, or ignored with a reason', ({ name, payload }) => {
  const meaning = normaliseGithub(name, payload);
  const said =
    meaning.kind === 'ignored'
      ? meaning.reason
      : `${meaning.trigger.repository} ${meaning.trigger.commit.sha}`;
  expect(said).toMatch(meaning.kind === 'ignored' ? /\w/ : /^[\w-]+\/[\w-]+ [0-9a-f]{40}$/);
  expect(said).not.toContain('not what GitHub documents');
});

describe('recorded pushes', () => {
  const pushes = payloads
    .filter(({ name }) => name === 'push')
    .map(({ payload }) => normaliseGithub('push', payload));
  const triggers = pushes.flatMap((meaning) => (meaning.kind === 'trigger' ? [meaning.trigger] : []));

  test('those to a branch start that branch at its new head', () => {
    const branches = triggers.filter((trigger) => trigger.event === 'push');
    expect(branches).toHaveLength(2);
    for (const trigger of branches) {
      expect(trigger).toMatchObject({
        branch: 'master',
        repository: 'Codertocat/Hello-World',
        commit: { sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246' },
        changedFiles: null,
      });
    }
  });

  test('those to a tag start the tag', () => {
    expect(triggers.filter((trigger) => trigger.event === 'tag')).toMatchObject([
      { tag: 'simple-tag', commit: { sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246' } },
    ]);
  });

  test('deletions start nothing and say so', () => {
    const ignored = pushes.filter((meaning) => meaning.kind === 'ignored');
    expect(ignored).toHaveLength(4);
    for (const meaning of ignored) expect(meaning.reason).toContain('was deleted');
  });
});

test('recorded pull requests start only when they bring new code', () => {
  const seen = payloads
    .filter(({ name }) => name === 'pull_request')
    .map(({ payload }) => {
      const { action } = payload as { action: string };
      return { action, kind: normaliseGithub('pull_request', payload).kind };
    });
  for (const { action, kind } of seen) {
    expect(kind).toBe(['opened', 'synchronize', 'reopened'].includes(action) ? 'trigger' : 'ignored');
  }
  expect(seen.some(({ kind }) => kind === 'trigger')).toBe(true);
});

const sha = 'a'.repeat(40);
const aPush = {
  ref: 'refs/heads/feature/x',
  after: sha,
  repository: { full_name: 'acme/shop' },
  pusher: { name: 'ada' },
  head_commit: { id: sha, message: 'Fix', author: { name: 'Ada' } },
  commits: [
    { added: ['a.ts'], removed: [], modified: ['b.ts'] },
    { added: [], removed: ['c.ts'], modified: ['b.ts'] },
  ],
};

test('a branch name keeps its slashes, and changed files are listed once', () => {
  expect(normaliseGithub('push', aPush)).toMatchObject({
    trigger: { branch: 'feature/x', changedFiles: ['a.ts', 'b.ts', 'c.ts'] },
  });
});

test.each([
  ['was forced', { ...aPush, forced: true }],
  ['made the branch', { ...aPush, created: true }],
  ['has more commits than GitHub lists', { ...aPush, commits: Array(2_048).fill(aPush.commits[0]) }],
])('a push that %s does not pretend to know what changed', (_, payload) => {
  expect(normaliseGithub('push', payload)).toMatchObject({ trigger: { changedFiles: null } });
});

test('the commit of an annotated tag is the one it points at, not the tag object', () => {
  const payload = { ...aPush, ref: 'refs/tags/v1', after: 'b'.repeat(40) };
  expect(normaliseGithub('push', payload)).toMatchObject({
    trigger: { event: 'tag', tag: 'v1', commit: { sha } },
  });
});

test('a pull request from another repository, or from a deleted one, counts as from a fork', () => {
  const pull = (repo: unknown) => ({
    action: 'opened',
    number: 7,
    repository: { full_name: 'acme/shop' },
    sender: { login: 'eve' },
    pull_request: {
      title: 'Patch',
      user: { login: 'eve' },
      head: { ref: 'main', sha, repo },
      base: { ref: 'main' },
    },
  });
  for (const [repo, fromFork] of [
    [{ full_name: 'acme/shop' }, false],
    [{ full_name: 'eve/shop' }, true],
    [null, true],
  ] as const) {
    expect(normaliseGithub('pull_request', pull(repo))).toMatchObject({ trigger: { fromFork } });
  }
});

test.each([undefined, null, 3, 'text', [], {}, { ref: 1 }, { ...aPush, after: '--upload-pack=x' }])(
  'a payload that is no push (%j) is ignored with the place that is wrong',
  (payload) => {
    expect(normaliseGithub('push', payload)).toMatchObject({ kind: 'ignored' });
  },
);
