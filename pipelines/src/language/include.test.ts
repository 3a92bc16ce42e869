import { expect, test } from 'vitest';
import { aFileTree, type TestFiles } from './file-tree.fixture.ts';
import { findIncluded } from './find-files.ts';
import { formatDiagnostic } from './format-diagnostic.ts';
import { gatherFiles } from './gather-files.ts';
import { parsePipeline, type ParsedPipeline } from './parse-pipeline.ts';

const steps = '{ image: "busybox:1.36", steps: [echo hello] }';

test('stages of included files stand beside those of the pipeline file and may need each other', async () => {
  const { definition } = await read({
    '.sluice.yml': `on: push\nenv: { CI: 'true' }\ninclude: [./ci/*.yml]\nstages:\n  first: ${steps}\n`,
    'ci/build.yml': `stages:\n  build: { needs: first, image: "busybox:1.36", steps: ['echo \${{ env.CI }}'] }\n`,
    'ci/test.yml': `include: more/last.yml\nstages:\n  test: { needs: [build], image: "busybox:1.36", steps: [x] }\n`,
    'ci/more/last.yml': `stages:\n  last: { needs: [first], image: "busybox:1.36", steps: [x] }\n`,
    'ci/notes.txt': 'not a pipeline',
  });
  expect(definition?.stages.map(({ id }) => id)).toEqual(['first', 'build', 'test', 'last']);
});

test('a pipeline may have all its stages in other files', async () => {
  const { definition } = await read(
    {
      'ci/.sluice.yml': 'on: push\ninclude: ../shared/a.yml\n',
      'shared/a.yml': `stages:\n  a: ${steps}\n`,
    },
    'ci/.sluice.yml',
  );
  expect(definition?.stages.map(({ id }) => id)).toEqual(['a']);
});

test('a mistake in an included file is shown there', async () => {
  expect(
    await told({
      '.sluice.yml': 'on: push\ninclude: a.yml\n',
      'a.yml': `stages:\n  a: ${steps}\n\n  b: { needs: [aa], image: "busybox:1.36", steps: ['echo \${{ brunch }}'] }\n`,
    }),
  ).toEqual([
    'a.yml:4:16  stage "b" needs "aa", which does not exist. Did you mean "a"?\n    b: { needs: [aa], image: "busybox:1.36", steps: [\'echo ${{ brunch }}\'] }\n                 ~~',
    'a.yml:4:62  There is no name brunch. Did you mean "branch"? Text stands in quotes; names are event, branch, tag, repository, commit, run, pull_request, inputs, env, matrix, stages.\n    b: { needs: [aa], image: "busybox:1.36", steps: [\'echo ${{ brunch }}\'] }\n                                                               ~~~~~~',
  ]);
});

test('bad YAML in an included file is shown there', async () => {
  const [first] = await told({ '.sluice.yml': 'on: push\ninclude: a.yml\n', 'a.yml': 'stages:\n\ta: 1\n' });
  expect(first).toMatch(/^a\.yml:2:1 {2}/);
});

test('a stage that is in two files names both places', async () => {
  const [first] = await told({
    '.sluice.yml': `on: push\ninclude: [a.yml, b.yml]\nstages:\n  build: ${steps}\n`,
    'a.yml': `stages:\n  test: ${steps}\n`,
    'b.yml': `# more\nstages:\n  test: ${steps}\n`,
  });
  expect(first).toContain('b.yml:3:3  There is a stage "test" already, at a.yml:2. Rename one of them.');
});

test.each([
  ['/etc/passwd', 'include: the path is an absolute path, "/etc/passwd".'],
  ['../other/a.yml', 'include: the path leaves the repository, "../other/a.yml".'],
  ['ci/../../a.yml', 'leaves the repository'],
  ['~/a.yml', 'begins with ~'],
  ["'${{ branch }}.yml'", 'may not hold an expression'],
  ['none.yml', '"none.yml" is not there.'],
  ['ci/*.yaml', '"ci/*.yaml" matches no file.'],
  ['ci', '"ci" is not a file.'],
  ['link.yml', 'names link.yml, a symbolic link.'],
  ['linked/a.yml', 'lies behind a symbolic link'],
  ['linked/*.yml', 'lies behind a symbolic link'],
  ['big.yml', 'is larger than 1 MiB'],
  ['[1]', 'include must be the path of a file'],
  ['list.yml', 'An included file must be a map with stages, not a list.'],
  ['empty.yml', 'An included file must be a map with stages, not nothing.'],
  ['whole.yml', 'An included file holds stages and include only, not "on".'],
])('include: %s is refused with what to do', async (written, message) => {
  const [first] = await told({
    '.sluice.yml': `on: push\ninclude: ${written}\nstages:\n  a: ${steps}\n`,
    'ci/b.yml': `stages:\n  b: ${steps}\n`,
    'link.yml': { link: '/etc/passwd' },
    linked: { link: '/etc' },
    'big.yml': 'x'.repeat(1_100_000),
    'list.yml': '- 1\n',
    'empty.yml': '',
    'whole.yml': `on: push\nstages:\n  b: ${steps}\n`,
  });
  expect(first).toContain(message);
});

test('files that include each other are refused, and a file that two others include is read once', async () => {
  const [first] = await told({
    '.sluice.yml': 'on: push\ninclude: a.yml\n',
    'a.yml': `include: b.yml\nstages:\n  a: ${steps}\n`,
    'b.yml': `include: ./a.yml\nstages:\n  b: ${steps}\n`,
  });
  expect(first).toContain('b.yml:1:10  include: these files include each other: a.yml → b.yml → a.yml.');
  const { definition } = await read({
    '.sluice.yml': 'on: push\ninclude: [a.yml, b.yml]\n',
    'a.yml': `include: c.yml\nstages:\n  a: ${steps}\n`,
    'b.yml': `include: c.yml\nstages:\n  b: ${steps}\n`,
    'c.yml': `stages:\n  c: ${steps}\n`,
  });
  expect(definition?.stages.map(({ id }) => id)).toEqual(['a', 'c', 'b']);
});

test('how deep files include each other, how many and how large they are together is limited', async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 13 }, (_, n) => [
      `${n}.yml`,
      `include: ${n + 1}.yml\nstages: { s${n}: ${steps} }\n`,
    ]),
  );
  expect((await told({ ...chain, '.sluice.yml': 'on: push\ninclude: 0.yml\n' }))[0]).toContain(
    'more than 10 files',
  );
  const many = Object.fromEntries(
    Array.from({ length: 101 }, (_, n) => [`m/${n}.yml`, `stages: { s${n}: ${steps} }\n`]),
  );
  expect((await told({ ...many, '.sluice.yml': 'on: push\ninclude: m/*.yml\n' }))[0]).toContain(
    'more than 100 files',
  );
  const large = `stages: {}\n#${'x'.repeat(600_000)}\n`;
  const two = { 'a.yml': large, 'b.yml': large, '.sluice.yml': 'on: push\ninclude: [a.yml, b.yml]\n' };
  expect((await told(two)).at(-1)).toContain('together are larger than 1 MiB');
});

test('where only the file itself is at hand, an include says so', () => {
  const { diagnostics } = parsePipeline(`on: push\ninclude: a.yml\nstages:\n  a: ${steps}\n`, '.sluice.yml');
  expect(diagnostics[0]?.message).toContain('only this one file is at hand');
});

test('a pattern finds files in folders below where it says so', async () => {
  const tree = aFileTree({ 'a/x.yml': '', 'a/b/y.yml': '', 'a/b/c/z.yml': '', 'w.yml': '' });
  const found = async (pattern: string) => {
    const answer = await findIncluded(tree, pattern);
    return answer.kind === 'found' ? answer.files.map(({ file }) => file) : answer.why;
  };
  expect(await found('a/**/*.yml')).toEqual(['a/b/c/z.yml', 'a/b/y.yml', 'a/x.yml']);
  expect(await found('a/*/*.yml')).toEqual(['a/b/y.yml']);
  expect(await found('{a/b/y,w}.yml')).toEqual(['a/b/y.yml', 'w.yml']);
});

async function read(files: TestFiles, file = '.sluice.yml'): Promise<ParsedPipeline> {
  const tree = aFileTree(files);
  const text = (await tree.read(file)) ?? '';
  return parsePipeline(text, file, await gatherFiles(text, file, tree));
}

const told = async (files: TestFiles): Promise<readonly string[]> =>
  (await read(files)).diagnostics.map(formatDiagnostic);
