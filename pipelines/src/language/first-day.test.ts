// What people write who come from elsewhere, or have not slept: each text, and what they read then. Whoever changes a
// message reads the new one here, as a newcomer would.
import { expect, test } from 'vitest';
import { formatDiagnostic } from './format-diagnostic.ts';
import { parsePipeline } from './parse-pipeline.ts';

const mistakes: readonly (readonly [name: string, text: string])[] = [
  ['no space behind a colon', 'on: push\nstages:\n  a:\n    image:node:20\n    steps: [x]\n'],
  [
    'a stage that does not begin in the column of the one before',
    'on: push\nstages:\n a:\n    steps: [x]\n  b:\n    steps: [x]\n',
  ],
  ['steps that are not indented below their stage', 'on: push\nstages:\n  a:\n  steps:\n    - make\n'],
  [
    'the jobs of GitHub Actions',
    'on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: make\n',
  ],
  ['a file of GitLab CI', 'stages: [build, test]\nbuild:\n  stage: build\n  script:\n    - make\n'],
  ['the script of GitLab CI', 'on: push\nstages:\n  a:\n    script:\n      - make\n'],
  ['a file of Woodpecker', 'steps:\n  build:\n    image: golang\n    commands:\n      - go build\n'],
  ['the runner of GitHub Actions', 'on: push\nstages:\n  a:\n    runs-on: ubuntu\n    steps: [x]\n'],
  [
    'an action of GitHub',
    'on: push\nstages:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n      - run: x\n',
  ],
  ['a start by hand as GitLab CI writes it', 'on: push\nstages:\n  a:\n    when: manual\n    steps: [x]\n'],
  [
    'the needs of Woodpecker',
    'on: push\nstages:\n  a: { steps: [x] }\n  b:\n    depends_on: [a]\n    steps: [x]\n',
  ],
  ['a time without a unit', 'on: push\nstages:\n  a:\n    timeout: 30\n    steps: [x]\n'],
  ['a size in another unit', 'on: push\nstages:\n  a:\n    resources: { memory: 512MB }\n    steps: [x]\n'],
  ['yes for true', 'on: push\nstages:\n  a:\n    checkout: yes\n    steps: [x]\n'],
  ['a number as a variable', 'on: push\nenv: { PORT: 8080, DEBUG: true }\nstages:\n  a: { steps: [x] }\n'],
  ['variables as a list', 'on: push\nenv:\n  - NODE_ENV=production\nstages:\n  a: { steps: [x] }\n'],
  [
    'a secret that is not named',
    'on: push\nstages:\n  a:\n    env: { TOKEN: { secret: } }\n    steps: [x]\n',
  ],
  [
    'a secret itself in place of its name',
    'on: push\nstages:\n  a:\n    env: { TOKEN: { secret: "ghp_abc def" } }\n    steps: [x]\n',
  ],
  [
    'a secret in an expression',
    'on: push\nstages:\n  a:\n    env: { TOKEN: "${{ secrets.NPM_TOKEN }}" }\n    steps: [x]\n',
  ],
  [
    'the contexts of GitHub Actions',
    "on: push\nstages:\n  a:\n    if: github.ref == 'refs/heads/main'\n    steps: [x]\n",
  ],
  [
    'a shell variable in a condition',
    "on: push\nstages:\n  a:\n    if: $CI_COMMIT_BRANCH == 'main'\n    steps: [x]\n",
  ],
  [
    'a condition with and',
    "on: push\nstages:\n  a:\n    if: branch == 'main' and event == 'push'\n    steps: [x]\n",
  ],
  ['text without quotes in a condition', 'on: push\nstages:\n  a:\n    if: branch == main\n    steps: [x]\n'],
  [
    'a bracket that is never closed in a condition',
    "on: push\nstages:\n  a:\n    if: (branch == 'main'\n    steps: [x]\n",
  ],
  [
    'a quotation mark that is never closed in a condition',
    "on: push\nstages:\n  a:\n    if: branch == 'main\n    steps: [x]\n",
  ],
  ['a quotation mark that is never closed', 'on: push\nname: "shop\nstages:\n  a: { steps: [x] }\n'],
  [
    'a bracket that is never closed',
    'on: push\nstages:\n  a:\n    needs: [b, c\n    steps: [x]\n  b: { steps: [x] }\n',
  ],
  ['a star without quotes', 'on:\n  push: { branches: [*] }\nstages:\n  a: { steps: [x] }\n'],
  ['an event with a dash', 'on: [push, pull-request]\nstages:\n  a: { steps: [x] }\n'],
  ['branches without their event', 'on:\n  branches: [main]\nstages:\n  a: { steps: [x] }\n'],
  ['no event at all', 'stages:\n  a: { steps: [x] }\n'],
  [
    'two pipelines in one file',
    'on: push\nstages:\n  a: { steps: [x] }\n---\non: tag\nstages:\n  b: { steps: [x] }\n',
  ],
  ['a stage twice', 'on: push\nstages:\n  a: { steps: [x] }\n  a: { steps: [y] }\n'],
  ['a stage with a space in its name', 'on: push\nstages:\n  unit tests: { steps: [x] }\n'],
  [
    'several needs in one text',
    'on: push\nstages:\n  a: { steps: [x] }\n  b: { steps: [x] }\n  c: { needs: "a, b", steps: [x] }\n',
  ],
  ['a stage that needs itself', 'on: push\nstages:\n  a: { needs: a, steps: [x] }\n'],
  ['a command with a colon', 'on: push\nstages:\n  a:\n    steps:\n      - echo "a: b"\n      - echo a: b\n'],
  [
    'several commands in one step',
    'on: push\nstages:\n  a:\n    steps:\n      - run:\n          - make\n          - make test\n',
  ],
  ['commands without dashes', 'on: push\nstages:\n  a:\n    steps: |\n      make\n      make test\n'],
  ['a command that begins with an @', 'on: push\nstages:\n  a:\n    steps:\n      - @echo hi\n'],
  [
    'a command that begins with an exclamation mark',
    'on: push\nstages:\n  a:\n    steps:\n      - ! grep TODO src\n',
  ],
  ['text behind a quotation mark', 'on: push\nstages:\n  a:\n    steps:\n      - "make" all\n'],
  [
    'an output that is not declared',
    "on: push\nstages:\n  a: { steps: [x] }\n  b: { needs: [a], steps: ['echo ${{ stages.a.outputs.v }}'] }\n",
  ],
  ['a cron line with four fields', "on: { schedule: { cron: '0 3 * *' } }\nstages:\n  a: { steps: [x] }\n"],
  ['a cron line without quotes', 'on: { schedule: { cron: * * * * * } }\nstages:\n  a: { steps: [x] }\n'],
  [
    'a number in quotes',
    'on: { manual: { inputs: { n: { type: number, default: "3" } } } }\nstages:\n  a: { steps: [x] }\n',
  ],
  ['a tab within a list', 'on: push\nstages:\n  a:\n    steps:\n\t  - make\n'],
  ['spaces that are none', 'on: push\nstages:\n  a:\n\u00a0\u00a0\u00a0 steps: [x]\n'],
  [
    'the quotation marks of a text processor',
    'on: push\nstages:\n  a:\n    if: branch == “main”\n    steps: [x]\n',
  ],
  ['the =~ of GitLab CI', 'on: push\nstages:\n  a:\n    if: branch =~ /^rel/\n    steps: [x]\n'],
  [
    'a regular expression that looks ahead',
    "on: push\nstages:\n  a:\n    if: branch.matches('^(?!main)')\n    steps: [x]\n",
  ],
  [
    'a function called as GitHub Actions does',
    "on: push\nstages:\n  a:\n    if: contains(commit.message, 'x')\n    steps: [x]\n",
  ],
  ['a stage without anything below it', 'on: push\nstages:\n  a:\n'],
];

test.each(mistakes)('%s', (_name, text) => {
  const { definition, diagnostics } = parsePipeline(text, '.sluice.yml');
  expect(definition).toBeNull();
  expect(diagnostics.map(formatDiagnostic).join('\n')).toMatchSnapshot();
});
