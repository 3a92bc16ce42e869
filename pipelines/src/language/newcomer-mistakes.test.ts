// What people really write on the first day, and what they read then.
import { expect, test } from 'vitest';
import { formatDiagnostic } from './format-diagnostic.ts';
import { parsePipeline } from './parse-pipeline.ts';

test('a need that does not exist', () => {
  expect(
    mistakes('stages:\n  build: { steps: [make] }\n  deploy:\n    needs: [bulid]\n    steps: [./deploy]\n'),
  ).toBe(`.sluice.yml:5:13  stage "deploy" needs "bulid", which does not exist. Did you mean "build"?
    needs: [bulid]
            ~~~~~`);
});

test('a tab for indentation', () => {
  expect(mistakes('stages:\n\tbuild: { steps: [make] }\n'))
    .toBe(`.sluice.yml:3:1  A line is indented by a tab, which YAML does not allow. Use spaces.
    \tbuild: { steps: [make] }
    ~`);
});

test('a line indented differently from its neighbours', () => {
  expect(mistakes('stages:\n  build:\n    image: node:20\n     steps: [make]\n'))
    .toBe(`.sluice.yml:5:6  This line is indented further than the one before it, which has a value already. Lines of one map begin at the same column.
    steps: [make]
    ~~~~~~~~~~~~~`);
});

test('a value with a colon, and an expression in brackets, without quotes', () => {
  expect(mistakes('name: shop: the pipeline\nstages: {}\n')).toBe(
    `.sluice.yml:2:7  A second ": " stands in this value. Put the value in quotes.
    name: shop: the pipeline
          ~~~~~~~~~~~~~~~~~~`,
  );
  expect(mistakes('stages:\n  a: { steps: [echo ${{ commit.sha }}] }\n')).toContain(
    'Inside [ ] and { }, text with an expression stands in quotes',
  );
});

test('need for needs, and a key of another engine', () => {
  expect(mistakes('stages:\n  a: { steps: [x] }\n  b:\n    need: [a]\n    script: [make]\n    steps: [x]\n'))
    .toBe(`.sluice.yml:5:5  There is no key "need" in stage "b". Did you mean "needs"?
    need: [a]
    ~~~~
.sluice.yml:6:5  There is no key "script" in stage "b". Commands stand below steps.
    script: [make]
    ~~~~~~`);
});

test('a number where text belongs', () => {
  expect(mistakes('stages:\n  a:\n    image: 1.10\n    steps: [x]\n'))
    .toBe(`.sluice.yml:4:12  stage "a": image must be text, not the number 1.10. Write '1.10', in quotes.
    image: 1.10
           ~~~~`);
});

test('stages that wait for each other', () => {
  const text =
    'stages:\n  a: { needs: [c], steps: [x] }\n  b: { needs: [a], steps: [x] }\n  c: { needs: [b], steps: [x] }\n';
  expect(mistakes(text)).toBe(
    `.sluice.yml:3:16  These stages wait for each other, so none could ever start: a → c → b → a. Remove one of these needs.
    a: { needs: [c], steps: [x] }
                 ~`,
  );
});

test('an expression that is not closed', () => {
  expect(mistakes('stages:\n  a:\n    steps:\n      - echo ${{ commit.sha }\n'))
    .toBe(`.sluice.yml:5:14  An expression is opened by \${{ and never closed. Write }} behind it.
    - echo \${{ commit.sha }
           ~~~`);
});

test('a regular expression that is not one', () => {
  expect(mistakes(`stages:\n  a:\n    if: branch.matches('(main')\n    steps: [x]\n`))
    .toBe(`.sluice.yml:4:25  "(main" is not a regular expression (RE2): error parsing regexp: missing closing ): \`(main\`. Mend the pattern.
    if: branch.matches('(main')
                        ~~~~~`);
});

test('one = where two are meant, and the braces of another engine', () => {
  expect(
    mistakes(
      `stages:\n  a:\n    if: branch = 'main'\n    steps: [x]\n  b:\n    if: \${{ success() }}\n    steps: [x]\n`,
    ),
  ).toBe(`.sluice.yml:4:16  One = assigns nothing here. Compare with ==.
    if: branch = 'main'
               ~
.sluice.yml:7:9  stage "b": if is an expression already. Write success() alone.
    if: \${{ success() }}
        ~~~~~~~~~~~~~~~~`);
});

test('text of a stranger in a command, also by way of a variable', () => {
  const text = `env: { TITLE: '\${{ pull_request.title }}' }\nstages:\n  a:\n    steps:\n      - echo \${{ commit.message }} \${{ env.TITLE }}\n`;
  expect(mistakes(text)).toBe(
    `.sluice.yml:6:18  Anyone who opens a pull request can write commit.message, and here the shell would execute it. Pass it through env: { COMMIT_MESSAGE: '\${{ commit.message }}' } and use "$COMMIT_MESSAGE".
    - echo \${{ commit.message }} \${{ env.TITLE }}
               ~~~~~~~~~~~~~~
.sluice.yml:6:40  env.TITLE holds text that anyone who opens a pull request can write, and here the shell would execute it. Use "$TITLE" instead.
    - echo \${{ commit.message }} \${{ env.TITLE }}
                                     ~~~~~~~~~`,
  );
});

test('the camelCase of Argo Rollouts', () => {
  const text =
    'stages:\n  a: { build: {} }\n  b:\n    needs: [a]\n    deploy:\n      environment: prod\n      image: a\n      container: { port: 80 }\n      strategy: canary\n      steps:\n        - setWeight: 10\n';
  expect(mistakes(text))
    .toBe(`.sluice.yml:12:11  There is no key "setWeight" in stage "b": deploy.steps[0]. Did you mean "set_weight"?
    - setWeight: 10
      ~~~~~~~~~`);
});

test('a template beside steps', () => {
  expect(mistakes('stages:\n  a:\n    use: ./node.yml\n    steps: [x]\n')).toContain(
    '.sluice.yml:5:5  stage "a": steps has no meaning for a stage with use: the stages of the template say it themselves. Remove steps.',
  );
});

test('stages as a list, and steps as text', () => {
  expect(mistakes('stages:\n  - a: { steps: [x] }\n')).toContain(
    'stages must be a map of names to stages, not a list. Write each stage as "name:" with its keys below, without a "-".',
  );
  expect(mistakes('stages:\n  a:\n    steps: make\n')).toContain('Begin each command\'s line with "- ".');
});

test('a condition that can never be true', () => {
  expect(mistakes(`stages:\n  a:\n    if: event == 'pull-request'\n    steps: [x]\n`))
    .toBe(`.sluice.yml:4:18  event is never "pull-request". Did you mean "pull_request"? It is one of push, pull_request, tag, schedule, manual.
    if: event == 'pull-request'
                 ~~~~~~~~~~~~~~`);
});

test('several mistakes are told in one go, in the order of the file', () => {
  const text =
    'stages:\n  a: { needs: [z], timeout: 10, steps: [x] }\n  b: { approve: {}, if: brnch == "x" }\n  c: {}\n';
  expect(parsePipeline(`on: push\n${text}`, 'x').diagnostics.map(({ line, code }) => [line, code])).toEqual([
    [3, 'unknown-stage'],
    [3, 'wrong-value'],
    [4, 'unknown-name'],
    [5, 'no-work'],
  ]);
});

test('a matrix of versions, one of which YAML takes for another number', () => {
  expect(mistakes('stages:\n  a:\n    matrix: { python: [3.9, 3.10] }\n    steps: [x]\n'))
    .toBe(`.sluice.yml:4:29  stage "a": matrix.python[1]: 3.10 is read as the number 3.1. Write '3.10', in quotes, to keep it as it is.
    matrix: { python: [3.9, 3.10] }
                            ~~~~`);
});

test('names and values that a matrix does not have', () => {
  const text =
    "stages:\n  a:\n    matrix: { node: [20, 22], exclude: [{ nod: 20 }, { node: 18 }] }\n    if: matrix.node == '20'\n    steps: ['echo ${{ matrix.nodes }}']\n";
  expect(mistakes(text))
    .toBe(`.sluice.yml:4:43  stage "a": matrix.exclude names "nod", which is no list of this matrix. Did you mean "node"?
    matrix: { node: [20, 22], exclude: [{ nod: 20 }, { node: 18 }] }
                                          ~~~
.sluice.yml:4:62  stage "a": matrix.exclude: node is never 18. It is one of 20, 22.
    matrix: { node: [20, 22], exclude: [{ nod: 20 }, { node: 18 }] }
                                                             ~~
.sluice.yml:5:24  matrix.node has the number 20, never the text "20". Compare it without quotes.
    if: matrix.node == '20'
                       ~~~~
.sluice.yml:6:23  There is no matrix list "nodes". Did you mean "node"? Stage "a" has node.
    steps: ['echo \${{ matrix.nodes }}']
                      ~~~~~~~~~~~~`);
});

test('a matrix that is a list, is too large, or stands where it means nothing', () => {
  const inStage = (body: string): string => mistakes(`stages:\n  a:\n    ${body}\n    steps: [x]\n`);
  expect(inStage('matrix: [20, 22]')).toContain(
    'stage "a": matrix must be a map of names to lists, such as { node: [20, 22] }, not a list.',
  );
  const many = Array.from({ length: 20 }, (_, index) => index).join();
  expect(inStage(`matrix: { a: [${many}], b: [${many}] }`)).toContain(
    'stage "a": matrix: it has 400 combinations. At most 256 combinations can be run: shorten the lists, or make two stages.',
  );
  expect(inStage('matrix: { node: 20 }')).toContain(
    'matrix.node must be a list, such as [20, 22], or an expression that gives one, not the number 20.',
  );
  expect(mistakes('stages:\n  a: { matrix: { x: [1] }, approve: {} }\n')).toContain(
    'stage "a": matrix has no meaning for a stage with approve. Remove matrix.',
  );
  expect(
    mistakes(
      'stages:\n  a: { matrix: { x: [1] }, build: {} }\n  b: { needs: [a], push: { of: a, to: r.example/x, tags: [1.0] } }\n',
    ),
  ).toContain('names "a", which has a matrix and so gives several images.');
});

test('a schedule that never comes, in a place that does not exist', () => {
  const text =
    "on:\n  schedule:\n    - { cron: '0 25 * * *', timezone: Asia/Shangai }\n    - 0 0 31 2 *\n    - { time: 3am }\nstages: { a: { steps: [x] } }\n";
  expect(parsePipeline(text, '.sluice.yml').diagnostics.map(formatDiagnostic).join('\n'))
    .toBe(`.sluice.yml:3:15  on.schedule[0].cron: "0 25 * * *" is no schedule: hour: "25" cannot be read: use numbers from 0 to 23, or *.
    - { cron: '0 25 * * *', timezone: Asia/Shangai }
              ~~~~~~~~~~~~
.sluice.yml:3:39  on.schedule[0].timezone: There is no time zone "Asia/Shangai". Did you mean "Asia/Shanghai"? Use a name such as Asia/Shanghai or UTC.
    - { cron: '0 25 * * *', timezone: Asia/Shangai }
                                      ~~~~~~~~~~~~
.sluice.yml:4:7  on.schedule[1]: "0 0 31 2 *" is no schedule: no month that it names has a day 31: it would never fire.
    - 0 0 31 2 *
      ~~~~~~~~~~
.sluice.yml:5:7  on.schedule[2].cron is missing. Add, for example, cron: '0 3 * * 1-5'.
    - { time: 3am }
      ~
.sluice.yml:5:9  There is no key "time" in on.schedule[2]. Known keys are cron, timezone.
    - { time: 3am }
        ~~~~`);
  expect(
    parsePipeline('on: schedule\nstages: { a: { steps: [x] } }\n', 'x').diagnostics[0]?.message,
  ).toContain(
    "a schedule needs its time. Write on: { schedule: { cron: '0 3 * * 1-5', timezone: Asia/Shanghai } }.",
  );
});

/** The messages for a file that begins with `on: push`. */
const mistakes = (text: string): string =>
  parsePipeline(`on: push\n${text}`, '.sluice.yml').diagnostics.map(formatDiagnostic).join('\n');
