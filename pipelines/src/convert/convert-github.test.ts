import { expect, test } from 'vitest';
import { converted } from './converted.fixture.ts';

const workflow = (job: string, top = 'on: push'): string =>
  `${top}\njobs:\n  a:\n    runs-on: ubuntu-latest\n${job}`;
const steps = (...lines: readonly string[]): string =>
  `    steps:\n${lines.map((line) => `      - ${line}\n`).join('')}`;

test('a value with another one behind || is that value, also where it is a number', () => {
  const top =
    'on: [push, pull_request]\nconcurrency:\n  group: ci-${{ github.event.number || github.sha }}\n  cancel-in-progress: true';
  expect(converted('github', workflow(steps('run: make'), top))).toContain(
    "group: 'ci-${{ pull_request.number != 0 ? string(pull_request.number) : commit.sha }}'",
  );
});

test("a script reads what started it in GitHub's own words", () => {
  expect(
    converted('github', workflow(steps('run: test "$GITHUB_EVENT_NAME" = workflow_dispatch'))),
  ).toContain("event == 'manual' ? 'workflow_dispatch' : event == 'tag' ? 'push' : event");
});

test('the inputs of a called workflow are asked for where a person starts it', () => {
  const top =
    'on:\n  workflow_call:\n    inputs: { level: { type: string, default: info } }\n    secrets: { token: {} }';
  const result = converted('github', workflow(steps("if: inputs.level == 'debug'\n        run: make"), top));
  expect(result).toContain('manual: { inputs: { level: { type: string, default: info } } }');
  expect(result).toContain("if: inputs.level == 'debug'");
});

test('sudo, which images have not, is not written, and this is said', () => {
  const result = converted('github', workflow(steps('run: sudo apt-get update && sudo -u x make')));
  expect(result).toContain('apt-get update && sudo -u x make');
  expect(result).toContain('sudo is changed');
});

test.each([
  ['uses: actions/upload-artifact@v4\n        with: { path: "${{ matrix.out }}" }', 'has no counterpart'],
  ['uses: actions/download-artifact@v4', 'each at the path where it was made'],
  [
    "uses: actions/cache@v4\n        if: github.ref == 'refs/heads/main'\n        with: { key: k, path: p }",
    'whenever the stage runs',
  ],
  ['uses: actions/setup-go@v5\n        with: { go-version-file: go.mod }', 'the image is golang:1'],
])('what %j loses is named', (step, note) => {
  expect(converted('github', workflow(steps('run: make', step)))).toContain(note);
});

test('a pattern of branches that becomes a wider one is named', () => {
  expect(
    converted('github', workflow(steps('run: make'), "on:\n  push: { branches: ['v[0-9]+'] }")),
  ).toContain('fits more than digits');
});

test('how much history and which submodules a job checks out, its stage does', () => {
  const job = (inputs: string): string =>
    converted(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n        with: ${inputs}\n      - run: make\n`,
    );
  expect(job('{ fetch-depth: 0, submodules: recursive }')).toContain(
    'checkout: { depth: 0, submodules: recursive }',
  );
  expect(job('{ submodules: true }')).toContain('checkout: { submodules: true }');
  expect(job('{ repository: other/one, fetch-depth: 5 }')).not.toContain('checkout: {');
});
