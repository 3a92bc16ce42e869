import { expect, test } from 'vitest';
import { converted } from './converted.fixture.ts';

test('a job is a stage that waits for the stages before its own', () => {
  expect(
    converted(
      'gitlab',
      'build:\n  stage: build\n  image: node:20\n  script: [npm ci, npm run build]\nunit:\n  image: node:20\n  script: npm test\n',
    ),
  ).toContain(
    `stages:
  build:
    image: node:20
    steps:
      - npm ci
      - npm run build

  unit:
    needs: [build]
    image: node:20
    steps:
      - npm test
`,
  );
});

test('commands that share the state of a shell stay one step', () => {
  expect(converted('gitlab', 'a:\n  image: x:1\n  script: [cd app, make]\n')).toContain(
    '      - |-\n        cd app\n        make\n',
  );
});

test('a token that GitLab sets becomes a secret by its name, never a value to write down', () => {
  const text = 'a:\n  image: x:1\n  variables: { PASSWORD: $CI_JOB_TOKEN }\n  script: make\n';
  expect(converted('gitlab', text)).toContain('PASSWORD: { secret: CI_JOB_TOKEN }');
});

test('a condition that has no counterpart never lets a stage run for everything', () => {
  const text = "a:\n  image: x:1\n  script: make\n  rules: [{ if: 'who knows' }]\n";
  expect(converted('gitlab', text)).toContain("    if: 'false'\n");
});

test('a pattern before the path of a project is a pattern', () => {
  const text = 'a:\n  image: x:1\n  script: make\n  only: [/\\Av\\d+\\Z/@group/project]\n';
  const result = converted('gitlab', text);
  expect(result).toContain("branch.matches('^v\\\\d+$') || (event == 'tag' && tag.matches('^v\\\\d+$'))");
  expect(result).toContain('the part behind @ is not looked at');
});

test("a script reads where a pipeline is from in GitLab's own words", () => {
  const text = 'a:\n  image: x:1\n  script: test "$CI_PIPELINE_SOURCE" != merge_request_event\n';
  expect(converted('gitlab', text)).toContain(
    "CI_PIPELINE_SOURCE: \"${{ event == 'pull_request' ? 'merge_request_event' :",
  );
});

test('a job knows its own name, also in the key of its cache', () => {
  const text =
    'unit:\n  image: x:1\n  script: run "$CI_JOB_NAME"\n  cache: { key: $CI_JOB_NAME, paths: [.cache] }\n';
  const result = converted('gitlab', text);
  expect(result).toContain('env: { CI_JOB_NAME: unit }');
  expect(result).toContain('key: unit-${{ run.id }}');
  expect(result).toContain('restore: [unit-]');
});

test('a variable of the image or of the settings that stands in a key is named', () => {
  const text = 'a:\n  image: x:1\n  script: make\n  cache: { key: $WHO, paths: [.cache] }\n';
  expect(converted('gitlab', text)).toContain('nobody here knows its value');
});

test('files reach a later stage of the file, also over one that keeps none', () => {
  const text = `stages: [build, test, deploy]
build: { stage: build, image: 'x:1', script: make, artifacts: { paths: [dist] } }
test: { stage: test, image: 'x:1', script: make test }
deploy: { stage: deploy, image: 'x:1', script: make deploy }
tell: { stage: deploy, image: 'x:1', script: make tell, dependencies: [] }
`;
  const result = converted('gitlab', text);
  expect(result).toContain('  deploy:\n    needs: [test, build]\n');
  expect(result).toContain('  tell:\n    needs: [test]\n');
  expect(converted('gitlab', text.replace('dependencies: []', 'needs: [build], dependencies: []'))).toContain(
    'artifacts: { from: [] }',
  );
});

test('numbered copies of a job are a matrix, and each knows its number', () => {
  const text = 'a:\n  image: x:1\n  parallel: 3\n  script: run $CI_NODE_INDEX/$CI_NODE_TOTAL\n';
  const result = converted('gitlab', text);
  expect(result).toContain('matrix: { CI_NODE_INDEX: [1, 2, 3] }');
  expect(result).toContain("CI_NODE_INDEX: ${{ matrix.CI_NODE_INDEX }}\n      CI_NODE_TOTAL: '3'");
});

test('a file of templates alone says that it has none of the work', () => {
  const result = converted('gitlab', 'include: other.yml\n.a:\n  script: make\n.b:\n  script: make\n');
  expect(result).toContain('nothing of it makes a pipeline that could run');
  expect(result).toContain('.a, .b is left out: no job of this file uses it.');
  expect(result).not.toContain('cannot stand here');
});

test('what the runner fetches is the checkout of each stage', () => {
  const text =
    'variables: { GIT_SUBMODULE_STRATEGY: recursive, GIT_DEPTH: "20" }\na:\n  image: x:1\n  script: make\nb:\n  image: x:1\n  variables: { GIT_STRATEGY: none }\n  script: make\nc:\n  image: x:1\n  variables: { GIT_SUBMODULE_STRATEGY: normal, GIT_DEPTH: 0 }\n  script: make\n';
  const result = converted('gitlab', text);
  expect(result).toContain('checkout: { depth: 20, submodules: recursive }');
  expect(result).toContain('checkout: false');
  expect(result).toContain('checkout: { depth: 0, submodules: true }');
});

test('a depth that is not written out is named', () => {
  const text = 'variables: { GIT_DEPTH: $DEEP }\na:\n  image: x:1\n  script: make\n';
  expect(converted('gitlab', text)).toContain('its value is not written out');
});

test('a quoted text whose second line is indented too little is read as GitLab reads it', () => {
  const text =
    'a:\n  image: x:1\n  script: make\n  rules:\n    - if: \'$CI_COMMIT_TAG != "v1"\n    && $CI_COMMIT_BRANCH == "main"\'\n';
  expect(converted('gitlab', text)).toContain("if: tag != 'v1' && branch == 'main'");
});

test('a job without a script of its own does nothing but say so, whatever comes before every script', () => {
  const result = converted('gitlab', 'default: { before_script: [npm ci] }\na: { image: x:1 }\n');
  expect(result).toContain('it has no script in this file');
  expect(result).not.toContain('npm ci');
});

test('of thousands of services, those that a stage may have are carried over, and the rest is told', () => {
  const services = Array.from({ length: 5_000 }, () => 'redis').join(', ');
  const result = converted('gitlab', `a:\n  image: x:1\n  services: [${services}]\n  script: make\n`);
  expect(result).toContain('      redis-20:');
  expect(result).not.toContain('redis-21');
  expect(result).toContain('a stage has at most 20 services, and here are 5000');
});
