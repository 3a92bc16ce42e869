import { expect, test } from 'vitest';
import { aFileTree, type TestFiles } from './file-tree.fixture.ts';
import { formatDiagnostic } from './format-diagnostic.ts';
import { loadPipelines } from './load-pipelines.ts';
import { parsePipelines } from './parse-pipelines.ts';

const pipeline = (name: string): string =>
  `name: ${name}\non: push\nstages: { a: { image: "busybox:1.36", steps: [x] } }\n`;

test('.sluice.yml and every file directly in .sluice is a pipeline of its own', async () => {
  expect(
    await names({
      '.sluice.yml': pipeline('main'),
      '.sluice/b.yaml': pipeline('b'),
      '.sluice/a.yml': 'on: push\ninclude: stages/s.yml\n',
      '.sluice/stages/s.yml': 'stages: { s: { image: "busybox:1.36", steps: [x] } }\n',
      '.sluice/.hidden.yml': 'x',
      '.sluice/allow.txt': 'x',
      'other/c.yml': pipeline('c'),
    }),
  ).toEqual(['.sluice.yml main', '.sluice/a.yml a', '.sluice/b.yaml b']);
  expect(await names({ 'README.md': '' })).toEqual([]);
});

test('two pipelines of the same name are refused at the later one, with both files', async () => {
  const loaded = await loadPipelines(
    aFileTree({ '.sluice/a.yml': pipeline('ci'), '.sluice/b.yml': `# more\n${pipeline('ci')}` }),
  );
  const [first, second] = parsePipelines(loaded.ok ? loaded.value : []);
  expect(first?.definition?.name).toBe('ci');
  expect(second?.definition).toBeNull();
  expect(second?.diagnostics.map(formatDiagnostic)[0]).toBe(
    '.sluice/b.yml:2:7  .sluice/a.yml is the pipeline "ci" already. Give this one another name, such as name: ci-2.\n' +
      '    name: ci\n          ~~',
  );
});

test.each<[TestFiles, string]>([
  [{ '.sluice.yml': { link: '/etc/passwd' } }, '.sluice.yml is a symbolic link; make it a plain file.'],
  [{ '.sluice/a.yml': { link: '/etc/passwd' } }, '.sluice/a.yml is a symbolic link; make it a plain file.'],
  [{ '.sluice': { link: '/etc' } }, '.sluice is a symbolic link; make it a plain folder.'],
  [{ '.sluice.yml/x': '' }, '.sluice.yml is a folder; make it a plain file.'],
  [{ '.sluice/a.yml': 'x'.repeat(1_100_000) }, '.sluice/a.yml is larger than 1 MiB, and no more is read.'],
  [
    Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`.sluice/${n}.yml`, ''])),
    '.sluice holds 101 pipelines, and at most 100 are read.',
  ],
  [
    {
      'large.yml': `# ${'x'.repeat(900_000)}\nstages: { s: { steps: [x] } }`,
      ...Object.fromEntries(
        Array.from({ length: 10 }, (_, n) => [`.sluice/${n}.yml`, 'on: push\ninclude: ../large.yml\n']),
      ),
    },
    'The pipelines, with all that they include and use, are larger than 8 MiB, and no more is read.',
  ],
])('what cannot be read is refused: %#', async (files, error) => {
  expect(await loadPipelines(aFileTree(files))).toEqual({ ok: false, error });
});

async function names(files: TestFiles): Promise<readonly string[]> {
  const loaded = await loadPipelines(aFileTree(files));
  return parsePipelines(loaded.ok ? loaded.value : []).map((each) => `${each.file} ${each.definition?.name}`);
}
