import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { BranchRules, TriggerRules } from '../language/definition.ts';
import { globProblem, matchesAny } from './match-glob.ts';
import { matchTrigger } from './match-trigger.ts';
import type { PushTrigger, Trigger } from './trigger.ts';

const none: TriggerRules = { push: null, pull_request: null, tag: null, schedule: null, manual: null };
const anyBranch: BranchRules = { branches: [], paths: [], ignore: [] };
const base = {
  repository: 'acme/shop',
  actor: 'ada',
  commit: { sha: 'a'.repeat(40), message: 'fix', author: 'ada' },
};
const push = (change: Partial<PushTrigger> = {}): PushTrigger => ({
  ...base,
  event: 'push',
  branch: 'main',
  changedFiles: null,
  ...change,
});

test('an event that the file does not name starts nothing', () => {
  const events: readonly Trigger[] = [
    push(),
    { ...base, event: 'tag', tag: 'v1' },
    { ...base, event: 'manual', branch: 'main', inputs: {} },
    { ...base, event: 'schedule', branch: 'main', cron: '0 3 * * *', timezone: 'UTC', dueAt: 0 },
    {
      ...base,
      event: 'pull_request',
      number: 1,
      title: '',
      branch: 'x',
      targetBranch: 'main',
      fromFork: false,
    },
  ];
  for (const trigger of events) {
    const match = matchTrigger(none, trigger);
    expect(match.matches).toBe(false);
    expect(match.reasons[0]).toContain(`on.${trigger.event} is not in the file`);
  }
});

describe('pushes', () => {
  const rules = (change: Partial<BranchRules>): TriggerRules => ({
    ...none,
    push: { ...anyBranch, ...change },
  });

  test('a branch matches by its pattern, and * stays between slashes', () => {
    const branches = rules({ branches: ['main', 'release/*'] });
    expect(matchTrigger(branches, push({ branch: 'release/1' })).matches).toBe(true);
    expect(matchTrigger(branches, push({ branch: 'release/1/x' }))).toEqual({
      matches: false,
      reasons: ['push to branch "release/1/x" does not match on.push.branches [main, release/*]'],
    });
  });

  test.each(['[skip ci] docs', 'docs [CI SKIP]'])('"%s" is not run, and the reason says so', (message) => {
    const match = matchTrigger(rules({}), push({ commit: { ...base.commit, message } }));
    expect(match.matches).toBe(false);
    expect(match.reasons[0]).toMatch(/the commit message holds \[(skip ci|ci skip)\]/);
  });

  test('one changed file that is wanted and not ignored is enough', () => {
    const paths = rules({ paths: ['src/**'], ignore: ['**/*.md'] });
    expect(matchTrigger(paths, push({ changedFiles: ['src/a.md', 'src/deep/.b.ts'] })).matches).toBe(true);
    expect(matchTrigger(paths, push({ changedFiles: ['src/a.md'] })).reasons[0]).toContain(
      'on.push.ignore [**/*.md]: src/a.md',
    );
    expect(matchTrigger(paths, push({ changedFiles: ['docs/x.ts'] })).reasons[0]).toContain(
      'no changed file matches on.push.paths [src/**]: docs/x.ts',
    );
  });

  test('changes that are not known count as wanted', () => {
    expect(matchTrigger(rules({ paths: ['src/**'] }), push())).toEqual({
      matches: true,
      reasons: [
        'push to branch "main" matches: on.push.branches names none, so any will do',
        'which files changed is not known, so every path counts',
      ],
    });
  });
});

test('a pull request is matched by the branch that it goes into', () => {
  const rules: TriggerRules = { ...none, pull_request: { ...anyBranch, branches: ['main'] } };
  const pull = {
    ...base,
    event: 'pull_request',
    number: 7,
    title: '',
    branch: 'main',
    fromFork: false,
  } as const;
  expect(matchTrigger(rules, { ...pull, targetBranch: 'main' }).matches).toBe(true);
  expect(matchTrigger(rules, { ...pull, targetBranch: 'dev' }).matches).toBe(false);
});

test('a tag is matched by its pattern', () => {
  const rules: TriggerRules = { ...none, tag: { patterns: ['v*'] } };
  expect(matchTrigger(rules, { ...base, event: 'tag', tag: 'v1.2' }).matches).toBe(true);
  expect(matchTrigger(rules, { ...base, event: 'tag', tag: 'nightly' }).matches).toBe(false);
});

property.prop([fc.string(), fc.string()])('no pattern and no name make matching throw', (pattern, name) => {
  expect(typeof matchesAny([pattern], name)).toBe('boolean');
});

test('patterns that could take exponential time are refused', () => {
  expect(globProblem('*a*a*a*a*a*b')).not.toBeNull();
  expect(globProblem('**/a/**/b/**/c/**/d')).not.toBeNull();
  expect(matchesAny(['*a*a*a*a*a*b'], 'a'.repeat(1_000))).toBe(false);
});

test('a schedule matches when the file still holds it, and says when its time came', () => {
  const rules: TriggerRules = { ...none, schedule: [{ cron: '0 3 * * *', timezone: 'Asia/Shanghai' }] };
  const due = { ...base, event: 'schedule', branch: 'main', dueAt: Date.UTC(2026, 10, 22, 19) } as const;
  expect(matchTrigger(rules, { ...due, cron: '0 3 * * *', timezone: 'Asia/Shanghai' })).toEqual({
    matches: true,
    reasons: ['on.schedule "0 3 * * *" came at 2026-11-23 03:00 (Asia/Shanghai), on branch "main"'],
  });
  expect(matchTrigger(rules, { ...due, cron: '0 4 * * *', timezone: 'Asia/Shanghai' }).matches).toBe(false);
});
