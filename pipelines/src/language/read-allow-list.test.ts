import { expect, test } from 'vitest';
import { aFileTree, type TestFiles } from './file-tree.fixture.ts';
import { gatherFiles } from './gather-files.ts';
import { loadPipelines } from './load-pipelines.ts';
import { parsePipeline } from './parse-pipeline.ts';

const pipeline = (allow: string): string =>
  `on: push\nstages:\n  image: { build: {} }\n  scan: { needs: [image], scan: { of: image, allow: ${allow} } }\n`;

async function read(allow: string, files: TestFiles = {}) {
  const text = pipeline(allow);
  const tree = aFileTree({ '.sluice.yml': text, ...files });
  return parsePipeline(text, '.sluice.yml', await gatherFiles(text, '.sluice.yml', tree));
}

const list = `# what we accept
- { id: CVE-2023-42364, until: 2030-01-31, reason: not reachable }
- id: CVE-2023-42365
  reason: no fix yet
`;

test('accepted findings may stand in a file, and the plan holds them', async () => {
  const { definition, diagnostics } = await read('.sluice/allow.yml', { '.sluice/allow.yml': list });
  expect(diagnostics).toEqual([]);
  expect(definition?.stages[1]?.work).toMatchObject({
    allow: [
      { id: 'CVE-2023-42364', until: '2030-01-31', reason: 'not reachable' },
      { id: 'CVE-2023-42365', until: null, reason: 'no fix yet' },
    ],
  });
});

test('mistakes in the file are shown there', async () => {
  const files = {
    'allow.yml': '- { id: CVE-1, until: 2030-02-31, reason: x }\n- { id: CVE-2, raeson: y }\n',
  };
  const { diagnostics } = await read('./allow.yml', files);
  expect(diagnostics.map(({ file, line, code }) => [file, line, code])).toEqual([
    ['allow.yml', 1, 'wrong-value'],
    ['allow.yml', 2, 'missing-key'],
    ['allow.yml', 2, 'unknown-key'],
  ]);
});

test.each([
  ['allow.yml', 'which is not there'],
  ['../allow.yml', 'leaves the repository'],
  ['link.yml', 'symbolic link'],
  ['map.yml', 'must be a list of findings'],
])('%s is refused with what to do', async (path, message) => {
  const files = { 'link.yml': { link: '/etc/passwd' }, 'map.yml': 'id: CVE-1\n' };
  expect((await read(path, files)).diagnostics[0]?.message).toContain(message);
});

test('a list in .sluice/ is no pipeline', async () => {
  const files = { '.sluice.yml': pipeline('.sluice/allow.yml'), '.sluice/allow.yml': list };
  const loaded = await loadPipelines(aFileTree(files));
  expect(loaded.ok && loaded.value.map(({ file }) => file)).toEqual(['.sluice.yml']);
});
