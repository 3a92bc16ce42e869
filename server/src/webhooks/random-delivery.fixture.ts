// For tests: deliveries of every vendor and event, as they arrive.
import type { Choices } from '@sluice/pipelines/random.fixture';
import type { Provider } from './vendors.ts';

export interface RandomDelivery {
  readonly provider: Provider;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
}

export function randomDelivery(choices: Choices): RandomDelivery {
  return choices.chance(0.5) ? fromGithub(choices) : generic(choices);
}

const sha = (choices: Choices): string =>
  Array.from({ length: 40 }, () => choices.below(16).toString(16)).join('');

/** Also what strangers would write. */
const text = (choices: Choices): string =>
  choices.oneOf([
    'mend the till',
    'fix: ünï-cödé 🏳️‍🌈\n\nmore lines',
    '${{ commit.sha }} }} ${{',
    "'; rm -rf / #",
    '[skip ci] nothing',
    '["a","b"]',
    '\u2028\u0000\ud800',
  ]);

const branch = (choices: Choices): string =>
  choices.oneOf(['main', 'release/1.2', 'feature/a/b', 'dév', 'x${{ branch }}']);

const files = (choices: Choices): string[] =>
  choices.someOf(['src/a.ts', 'src/deep/b.ts', 'README.md', 'Dockerfile', 'docs/ü.md'], 0.4);

function generic(choices: Choices): RandomDelivery {
  const commit = {
    sha: choices.chance(0.05) ? '0'.repeat(40) : sha(choices),
    ...(choices.chance(0.8) && { message: text(choices) }),
    ...(choices.chance(0.5) && { author: 'Ada <ada@example.com>' }),
  };
  const base = { repository: 'acme/shop', actor: text(choices), commit };
  const inputs = {
    ...(choices.chance(0.6) && { level: choices.oneOf(['debug', 'loud']) }),
    ...(choices.chance(0.6) && { rounds: choices.oneOf(['7', 2, 'many']) }),
  };
  const payload = choices.oneOf<object>([
    {
      event: 'push',
      branch: branch(choices),
      ...(choices.chance(0.6) && { changedFiles: files(choices) }),
      ...base,
    },
    { event: 'tag', tag: choices.oneOf(['v1.0', 'release-3', 'x']), ...base },
    { event: 'manual', branch: branch(choices), inputs, ...base },
    { event: 'ping', repository: 'acme/shop' },
    { event: 'push', ...base },
  ]);
  return { provider: 'generic', headers: {}, payload };
}

function fromGithub(choices: Choices): RandomDelivery {
  const repository = { full_name: 'acme/shop', id: 1 };
  const sender = { login: 'ada' };
  if (choices.chance(0.4)) {
    const payload = {
      action: choices.oneOf(['opened', 'synchronize', 'labeled']),
      number: choices.below(9_999),
      repository,
      sender,
      pull_request: {
        title: text(choices),
        user: { login: 'eve' },
        head: {
          ref: branch(choices),
          sha: sha(choices),
          repo: choices.oneOf([repository, repository, { full_name: 'eve/shop' }, null]),
        },
        base: { ref: branch(choices) },
      },
    };
    return { provider: 'github', headers: { 'x-github-event': 'pull_request' }, payload };
  }
  const head = sha(choices);
  const author = { name: 'Ada', ...(choices.chance(0.5) && { username: 'ada' }) };
  const payload = {
    ref: choices.chance(0.3) ? `refs/tags/${choices.oneOf(['v1.0', 'x'])}` : `refs/heads/${branch(choices)}`,
    after: head,
    created: choices.chance(0.2),
    deleted: choices.chance(0.05),
    forced: choices.chance(0.1),
    repository,
    pusher: { name: 'ada' },
    ...(choices.chance(0.8) && { sender }),
    head_commit: choices.chance(0.9) ? { id: head, message: text(choices), author } : null,
    commits: Array.from({ length: choices.below(4) }, () => ({
      added: files(choices),
      removed: [],
      modified: files(choices),
    })),
  };
  return { provider: 'github', headers: { 'x-github-event': 'push' }, payload };
}
