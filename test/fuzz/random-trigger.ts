import type { Choices } from '@sluice/pipelines/random.fixture';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';

/** An event of any kind, whose texts strangers wrote. */
export function randomTrigger(choices: Choices): Trigger {
  const base = {
    repository: choices.oneOf(['acme/shop', text(choices)]),
    actor: text(choices),
    commit: { sha: 'a'.repeat(40), message: text(choices), author: text(choices) },
  };
  const branch = choices.oneOf(['main', 'release/1', text(choices)]);
  switch (choices.below(5)) {
    case 0:
      return { ...base, event: 'tag', tag: choices.oneOf(['v1', text(choices)]) };
    case 1: {
      const title = text(choices);
      return {
        ...base,
        event: 'pull_request',
        number: choices.below(1e9),
        title,
        branch,
        targetBranch: 'main',
        fromFork: choices.chance(0.5),
      };
    }
    case 2:
      return {
        ...base,
        event: 'schedule',
        branch,
        cron: '0 3 * * 1-5',
        timezone: 'Asia/Shanghai',
        dueAt: choices.below(2 ** 31) * 1_000,
      };
    case 3:
      return {
        ...base,
        event: 'manual',
        branch,
        inputs: choices.oneOf<Record<string, string | number>>([
          {},
          { level: 'debug', rounds: '7' },
          { rounds: 2, note: text(choices) },
        ]),
      };
    default: {
      const changedFiles = choices.chance(0.3)
        ? null
        : Array.from({ length: choices.below(50) }, () =>
            choices.oneOf(['src/a', 'README.md', text(choices).slice(0, 300)]),
          );
      return { ...base, event: 'push', branch, changedFiles };
    }
  }
}

function text(choices: Choices): string {
  const long = choices.chance(0.02) ? 1 + choices.below(100_000) : 1 + choices.below(40);
  return choices.oneOf([
    'mend the till',
    '',
    '${{ commit.sha }}',
    '${{ '.repeat(choices.below(9)),
    '\'"; rm -rf / #',
    'a'.repeat(long),
    `${'a '.repeat(long)}!`,
    String.fromCodePoint(...Array.from({ length: 5 }, () => choices.below(0xd800))),
    '\ud800\u0000\u202e',
    '[skip ci]',
    '["a", "b"]',
    '__proto__',
  ]);
}
