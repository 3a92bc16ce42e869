import { expect, test } from 'vitest';
import { convertCommand } from './convert-command.ts';
import type { ConvertTerminal } from './terminal.ts';

const files: Readonly<Record<string, string>> = {
  '.gitlab-ci.yml': 'unit:\n  image: node:20\n  script: npm test\n  environment: staging\n',
  '.github/workflows/ci.yml':
    'on: push\njobs:\n  unit:\n    container: node:20\n    steps: [{ run: npm test }]\n',
  '.woodpecker.yml': 'steps:\n  unit: { image: node:20, commands: [npm test] }\n',
  'broken.gitlab-ci.yml': 'unit:\n\tscript: x\n',
  'unknown.yml': 'a: b\n',
};

test('the pipeline is the output, and what is left out stands beside it, underlined', async () => {
  const { io, output, said } = aTerminal();
  expect(await convertCommand({ file: '.gitlab-ci.yml', json: false }, io)).toBe(0);
  expect(output()).toContain('  unit:\n    image: node:20\n    steps:\n      - npm test\n');
  expect(said()).toContain(
    '.gitlab-ci.yml:4:3  warning: environment is left out: a stage with steps has no environment.',
  );
  expect(said()).toContain('    environment: staging\n    ~~~~~~~~~~~\n');
  expect(said()).toContain('3 of 4 keys of GitLab CI carried over, 1 left out\n');
});

test.each(['.github/workflows/ci.yml', '.woodpecker.yml'])(
  'whose pipeline %s is, is told by its path',
  async (file) => {
    const { io, output, said } = aTerminal();
    expect(await convertCommand({ file, json: false }, io)).toBe(0);
    expect(output()).toContain('  unit:\n    image: node:20\n    steps:\n      - npm test\n');
    expect(said()).toMatch(/^\d+ of \d+ keys of (GitHub Actions|Woodpecker) carried over\n$/);
  },
);

test('a file that is there is not written over', async () => {
  const { io, said } = aTerminal();
  expect(await convertCommand({ file: '.woodpecker.yml', output: '.sluice.yml', json: false }, io)).toBe(0);
  expect(await convertCommand({ file: '.woodpecker.yml', output: '.sluice.yml', json: false }, io)).toBe(1);
  expect(said()).toContain('.sluice.yml is there already. Remove it, or name another file.');
});

test('a broken file, one of nobody, one that is not there and a system that does not exist end with 1', async () => {
  const { io, output, said } = aTerminal();
  expect(await convertCommand({ file: 'broken.gitlab-ci.yml', json: false }, io)).toBe(1);
  expect(said()).toContain('broken.gitlab-ci.yml:2:1  A line is indented by a tab');
  expect(await convertCommand({ file: 'unknown.yml', json: false }, io)).toBe(1);
  expect(said()).toContain('Add --from gitlab, github or woodpecker.');
  expect(await convertCommand({ file: 'none.yml', json: false }, io)).toBe(1);
  expect(said()).toContain('none.yml is not there.');
  expect(await convertCommand({ file: '.woodpecker.yml', from: 'drone', json: false }, io)).toBe(1);
  expect(said()).toContain('There is no system "drone".');
  expect(output()).toBe('');
});

test('pipeline and notes as JSON for other programs', async () => {
  const { io, output } = aTerminal();
  expect(await convertCommand({ file: '.gitlab-ci.yml', json: true }, io)).toBe(0);
  expect(JSON.parse(output())).toMatchObject({
    kind: 'converted',
    system: 'gitlab',
    notes: [{ line: 4, column: 3, what: 'environment', severity: 'not-carried-over' }],
  });
});

function aTerminal(): {
  readonly io: ConvertTerminal;
  readonly output: () => string;
  readonly said: () => string;
} {
  let output = '';
  let said = '';
  const written = new Set<string>();
  const io: ConvertTerminal = {
    colour: false,
    write: (text) => void (output += text),
    say: (text) => void (said += text),
    readFile: (path) => {
      const text = files[path];
      if (text !== undefined) return Promise.resolve(text);
      return Promise.reject(Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' }));
    },
    writeFile: (path) => {
      if (written.has(path)) return Promise.reject(Object.assign(new Error('it exists'), { code: 'EEXIST' }));
      written.add(path);
      return Promise.resolve();
    },
  };
  return { io, output: () => output, said: () => said };
}
