import { expect, test } from 'vitest';
import { converted } from './converted.fixture.ts';

test('a step that tells of a failure is a stage, which sees the failure of those before', () => {
  const text = `steps:
  build: { image: 'x:1', commands: make }
  tell: { image: 'alpine:3', commands: tell failed, when: { status: [failure] } }
  say: { image: 'alpine:3', commands: tell done }
`;
  expect(converted('woodpecker', text)).toContain('  tell:\n    needs: [build]\n    if: failure()\n');
});

test('a variable between single quotes, which Woodpecker fills in, is read by the shell', () => {
  const text = `steps:\n  a: { image: 'x:1', commands: ["say 'tag \${CI_COMMIT_TAG}' \${CI_COMMIT_TAG} '\${OTHER}'"] }\n`;
  expect(converted('woodpecker', text)).toContain(
    `say 'tag '"\${CI_COMMIT_TAG}"'' \${CI_COMMIT_TAG} '\${OTHER}'`,
  );
});

test('a variable that only Woodpecker sets is named', () => {
  const text = 'steps:\n  a:\n    image: x:1\n    commands: [echo $CI_PIPELINE_URL]\n';
  expect(converted('woodpecker', text)).toContain('$CI_PIPELINE_URL is left out');
});

test('a list that is put into a list is part of it', () => {
  const text = `variables:
  - &paths [a/**, b/**]
when:
  event: push
  path:
    - <<: *paths
    - c/**
steps:
  a: { image: 'x:1', commands: make }
`;
  expect(converted('woodpecker', text)).toContain('paths: [a/**, b/**, c/**]');
});

test('a cron without a name of its own is named too', () => {
  const text = "steps:\n  a: { image: 'x:1', commands: make, when: { event: cron } }\n";
  expect(converted('woodpecker', text)).toContain('Woodpecker keeps schedules in its settings');
});

test('the default branch of a filter is a branch', () => {
  const text =
    "when: { event: push, branch: '${CI_REPO_DEFAULT_BRANCH}' }\nsteps:\n  a: { image: 'x:1', commands: make }\n";
  const result = converted('woodpecker', text);
  expect(result).toContain('push: { branches: [main] }');
  expect(result).toContain('it is written as main');
});

test('an image goes to each of its repositories, and what the plugin alone can do is named', () => {
  const text = `steps:
  publish:
    image: woodpeckerci/plugin-docker-buildx
    settings: { repo: 'acme/shop,quay.io/acme/shop', auto_tag: true, platforms: linux/arm64, username: me }
`;
  const result = converted('woodpecker', text);
  expect(result).toContain('to: acme/shop');
  expect(result).toContain('to: quay.io/acme/shop');
  expect(result).toContain('settings: platforms is left out');
  expect(result).not.toContain('username');
});

test('the depth of the clone is that of the checkout', () => {
  const text =
    'clone:\n  git: { image: woodpeckerci/plugin-git, settings: { depth: 3, recursive: true } }\nsteps:\n  a: { image: "x:1", commands: [make] }\n';
  expect(converted('woodpecker', text)).toContain('checkout: { depth: 3, submodules: recursive }');
});
