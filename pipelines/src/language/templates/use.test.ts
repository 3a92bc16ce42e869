import { expect, test } from 'vitest';
import { aFileTree, type TestFiles } from '../file-tree.fixture.ts';
import { formatDiagnostic } from '../format-diagnostic.ts';
import { gatherFiles } from '../gather-files.ts';
import { parsePipeline, type ParsedPipeline } from '../parse-pipeline.ts';
import { remoteTemplates, type RemoteFiles } from './remote-templates.fixture.ts';
import { gatherTemplates } from './gather-templates.ts';

const node = `inputs:
  node: { type: choice, options: ['20', '22'], default: '20' }
  command: { type: string }
  coverage: { type: boolean, default: false }
secrets: [npm-token]
env: { NODE: '\${{ inputs.node }}' }
stages:
  install: { image: 'node:\${{ inputs.node }}', env: { TOKEN: { secret: npm-token } }, steps: [npm ci] }
  test:
    needs: [install]
    if: inputs.coverage || branch != ''
    image: 'node:20'
    outputs: { version: { file: V } }
    steps: ['\${{ inputs.command }}']
outputs: { version: '\${{ stages.test.outputs.version }}' }
`;
const remote: RemoteFiles = { 'org/templates/node-ci.yml@v3': node };
const use = 'use: org/templates/node-ci.yml@v3, secrets: [npm-token]';

test('the stages of a template stand below the stage that uses it', async () => {
  const { definition, diagnostics } = await read(
    `  first: { image: 'busybox:1', steps: [x] }
  ci: { needs: [first], if: branch != 'x', ${use}, with: { command: npm test } }
  last: { needs: [ci], image: 'busybox:1', steps: ['echo \${{ stages.ci.outputs.version }}'] }
`,
  );
  expect(diagnostics).toEqual([]);
  const stages = definition?.stages ?? [];
  expect(stages.map(({ id, within, needs }) => [id, within, needs.map(({ stage }) => stage)])).toEqual([
    ['first', undefined, []],
    ['ci.install', 'ci', ['first']],
    ['ci.test', 'ci', ['ci.install']],
    ['ci', undefined, ['ci.install', 'ci.test']],
    ['last', undefined, ['ci']],
  ]);
  expect(stages[3]?.work).toMatchObject({
    kind: 'use',
    template: {
      use: 'org/templates/node-ci.yml@v3',
      repository: 'org/templates',
      path: 'node-ci.yml',
      commit: 'c'.repeat(40),
    },
    inputs: { node: { value: '20' }, command: { value: 'npm test' }, coverage: { value: false } },
    entry: { needs: [{ stage: 'first', optional: false }], if: "branch != 'x'" },
  });
});

test('a template of this repository is named by its path, and may use others beside itself', async () => {
  const { definition, diagnostics } = await read('  ci: { use: ./ci/outer.yml }\n', {
    'ci/outer.yml': 'inputs: {}\nstages: { inner: { use: ./inner.yml, with: { a: 1 } } }\n',
    'ci/inner.yml': `inputs: { a: { type: number } }\nstages: { x: { image: 'busybox:1', steps: [x] }, y: { needs: [x], image: 'busybox:1', steps: [y] } }\n`,
  });
  expect(diagnostics).toEqual([]);
  expect(definition?.stages.map(({ id, within }) => [id, within])).toEqual([
    ['ci.inner.x', 'ci.inner'],
    ['ci.inner.y', 'ci.inner'],
    ['ci.inner', 'ci'],
    ['ci', undefined],
  ]);
});

test('a template of another repository may use files beside itself, at the same commit', async () => {
  const { diagnostics } = await read(
    '  ci: { use: org/templates/a.yml@v1 }\n',
    {},
    {
      'org/templates/a.yml@v1': 'inputs: {}\nstages: { b: { use: ./b.yml } }\n',
      [`org/templates/b.yml@${'c'.repeat(40)}`]: `inputs: {}\nstages: { x: { image: 'busybox:1', steps: [x] } }\n`,
    },
  );
  expect(diagnostics).toEqual([]);
});

test('secrets that are given have the names of this project', async () => {
  const { definition } = await read(
    '  ci: { use: org/templates/node-ci.yml@v3, secrets: { npm-token: our-token }, with: { command: x } }\n',
  );
  expect(definition?.stages[0]?.env).toEqual({ TOKEN: { kind: 'secret', secret: 'our-token' } });
});

test('images and files of a stage of a template are named through the stage that uses it', async () => {
  const { diagnostics } = await read(
    `  ci: { use: ./image.yml }
  push: { needs: [ci], push: { of: ci.image, to: registry.example.com/shop } }
  scan: { scan: { of: ci.image } }
`,
    { 'image.yml': 'inputs: {}\nstages: { image: { build: { } } }\n' },
  );
  expect(diagnostics.map(({ message }) => message)).toEqual([
    'stage "scan": scan.of uses "ci.image", and nothing makes sure that it has ended before. Add it to needs: [ci].',
  ]);
});

test.each([
  ['node-ci.yml', 'needs ./ before a file of this repository: ./node-ci.yml'],
  ['org/templates/node-ci.yml', 'must say which version is meant'],
  ['org/templates/node-ci.yml@', 'says no version behind @'],
  ['org/templates/node-ci.yml@a..b', 'which is no name of a tag'],
  ['org/templates/node-ci.yml@--upload-pack=x', 'which is no name of a tag'],
  ['org/node-ci.yml@v3', 'must be owner/repository/path'],
  ['org/templates/../x.yml@v3', 'holds "." or ".."'],
  ['org/templates/node-ci@v3', 'does not end in .yml'],
  ['https://github.com/org/templates/x.yml@v1', 'not by its address'],
  ['../../etc/passwd.yml', 'leaves the repository'],
  ['./a/*.yml', 'Name one file'],
  ['./none.yml', 'names "none.yml", which is not there.'],
  ['./a.yml@v1', 'is read at the same commit'],
  ['org/templates/none.yml@v3', 'names "org/templates/none.yml@v3", which is not there'],
  ["'${{ branch }}'", 'is fixed, because it decides which stages there are'],
])('use: %s is refused with what to do', async (written, message) => {
  const [first] = await told(`  ci: { use: ${written} }\n`);
  expect(first).toContain(message);
  expect(first).toMatch(/^\.sluice\.yml:3:14/);
});

test.each([
  ['with: { command: x, nod: 20 }', 'has no input "nod". Did you mean "node"?'],
  ['with: { command: x, node: "18" }', 'with.node must be one of 20, 22, not "18"'],
  ['with: { command: 1 }', "with.command must be text, not the number 1. Write '1', in quotes."],
  ['with: { command: x, coverage: yes please }', 'with.coverage must be true or false'],
  ['with: [x]', 'with must be a map'],
  ['', 'needs the input "command" (text). Add it: with: { command: … }.'],
  [
    "with: { command: x, coverage: '${{ 1 + 1 }}' }",
    'asks for true or false as "coverage", and this is a number',
  ],
  ["with: { command: x, coverage: '${{ inputs.rounds }}' }", 'and inputs.rounds is a number'],
  ["with: { command: x, node: '${{ inputs.level }}' }", 'and inputs.level may also be "debug"'],
  [
    "with: { command: '${{ branch }}' }",
    'Anyone who opens a pull request can write branch, and org/templates/node-ci.yml@v3 has the input "command" in a command',
  ],
  ["with: { command: '${{ stages.late.outputs.x }}' }", 'There is no stage "late"'],
  ['with: { command: x }, timeout: 5m', 'timeout has no meaning for a stage with use'],
  ['with: { command: x }, steps: [x]', 'steps has no meaning for a stage with use'],
])('what is given is checked where it is written: %s', async (given, message) => {
  const lines = await told(`  ci: { ${use}, ${given} }\n`);
  expect(lines.join('\n')).toContain(message);
  expect(lines.every((line) => line.startsWith('.sluice.yml:3:'))).toBe(true);
});

test('a template gets no secret that it is not given', async () => {
  const [first] = await told('  ci: { use: org/templates/node-ci.yml@v3, with: { command: x } }\n');
  expect(first).toContain(
    'the template uses the secret npm-token, which it gets only from who uses it. Add secrets: [npm-token]',
  );
  const [second] = await told(
    `  ci: { use: org/templates/node-ci.yml@v3, with: { command: x }, secrets: [npm-token, deploy-key] }\n`,
  );
  expect(second).toContain('The template uses no secret "deploy-key"');
});

test('a mistake in a template is shown at its own line, and the use of it says so', async () => {
  const lines = await told('  ci: { use: ./ci.yml }\n  again: { use: ./ci.yml }\n', {
    'ci.yml': `inputs: { a: { type: string, default: x } }\nstages:\n  t: { image: 'busybox:1', steps: ['echo \${{ inputs.b }}'], env: { T: { secret: s } } }\n`,
  });
  expect(lines.map((line) => line.split('\n')[0])).toEqual([
    '.sluice.yml:3:14  stage "ci": use names "ci.yml", which has mistakes. They are shown in that file.',
    'ci.yml:3:46  There is no input "b". Did you mean "a"? Inputs stand under inputs.',
    'ci.yml:3:81  The template uses the secret s and does not say so. Add it to secrets: [s].',
  ]);
});

test.each([
  [
    'on: push\nstages: { a: { image: "busybox:1", steps: [x] } }\n',
    'This is a pipeline, which its events start',
  ],
  ['stages: { a: { image: "busybox:1", steps: [x] } }\n', 'inputs is missing. Add, for example, inputs: {}.'],
  ['inputs: {}\nstages: {}\n', 'stages is empty'],
  ['', 'The template is empty'],
  [
    'inputs: {}\nstages: { a: { needs: [b], image: "busybox:1", steps: [x] } }\n',
    'needs "b", which does not exist',
  ],
  [
    'inputs: {}\nstages: { a: { image: "busybox:1", steps: [x] } }\noutputs: { v: "${{ stages.a.outputs.v }}" }\n',
    'There is no output "v"',
  ],
  [
    'inputs: {}\nstages: { a: { image: "busybox:1", steps: ["echo ${{ branch }}"] } }\n',
    'Anyone who opens a pull request can write branch',
  ],
  ['inputs: {}\nstages: { a: { use: ./t.yml } }\n', 'leads round in a circle: t.yml → t.yml'],
])('a template that is none is refused: %s', async (text, message) => {
  expect((await told('  ci: { use: ./t.yml }\n', { 't.yml': text })).join('\n')).toContain(message);
});

test('templates that use each other, and too many in a row, are named', async () => {
  const lines = await told('  ci: { use: ./a.yml }\n', {
    'a.yml': 'inputs: {}\nstages: { b: { use: ./b.yml } }\n',
    'b.yml': 'inputs: {}\nstages: { a: { use: ./a.yml } }\n',
  });
  expect(lines.join('\n')).toContain(
    'b.yml:2:21  stage "a": use leads round in a circle: a.yml → b.yml → a.yml.',
  );
  const chain = Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [
      `${n}.yml`,
      `inputs: {}\nstages: { s: { use: ./${n + 1}.yml } }\n`,
    ]),
  );
  expect((await told('  ci: { use: ./0.yml }\n', chain)).join('\n')).toContain('is the 11th template');
});

test('templates that multiply their stages are refused before they do', async () => {
  const twenty = (target: string): string =>
    `inputs: {}\nstages:\n${Array.from({ length: 100 }, (_, n) => `  s${n}: { use: ./${target}.yml }\n`).join('')}`;
  const lines = await told('  ci: { use: ./a.yml }\n', {
    'a.yml': twenty('b'),
    'b.yml': twenty('c'),
    'c.yml': twenty('d'),
    'd.yml': "inputs: {}\nstages: { x: { image: 'busybox:1', steps: [x] } }\n",
  });
  const refused = lines.find((line) => line.includes('at most 10000 can be planned'));
  expect(refused).toMatch(/^b\.yml:3:3/);
});

test('a branch as a version is warned of, with the commit that would hold it fast', async () => {
  const { diagnostics, definition } = await read(
    '  ci: { use: org/templates/node-ci.yml@main, with: { command: x }, secrets: [npm-token] }\n',
    {},
    { 'org/templates/node-ci.yml@main': node },
  );
  expect(definition).not.toBeNull();
  expect(diagnostics).toMatchObject([
    {
      severity: 'warning',
      code: 'floating-template',
      message: expect.stringContaining(`node-ci.yml@${'c'.repeat(40)}`),
    },
  ]);
});

test('where only the file itself is at hand, a use says so', () => {
  const { diagnostics } = parsePipeline('on: push\nstages:\n  ci: { use: ./a.yml }\n', '.sluice.yml');
  expect(diagnostics[0]?.message).toContain('only this one file is at hand');
});

async function read(
  stages: string,
  files: TestFiles = {},
  others: RemoteFiles = remote,
): Promise<ParsedPipeline> {
  const text = `on: { push: , manual: { inputs: { rounds: { type: number, default: 1 }, level: { type: choice, options: ['20', debug], default: debug } } } }\nstages:\n${stages}`;
  const file = '.sluice.yml';
  const found = await gatherFiles(text, file, aFileTree({ ...files, [file]: text }));
  return parsePipeline(text, file, await gatherTemplates({ text, file, found }, remoteTemplates(others)));
}

const told = async (stages: string, files: TestFiles = {}): Promise<readonly string[]> =>
  (await read(stages, files)).diagnostics.map(formatDiagnostic);

test('a template that includes files is told why it cannot, and what it can do', async () => {
  const { diagnostics } = await read('  ci: { use: ./t.yml }\n', {
    't.yml': `inputs: {}\ninclude: [./more.yml]\nstages: { x: { image: 'busybox:1', steps: [x] } }\n`,
  });
  expect(diagnostics.map(({ message }) => message)).toContainEqual(
    'A template is one file, so that its version says all of it. Use another template beside it: stages: { more: { use: ./more.yml } }.',
  );
});
