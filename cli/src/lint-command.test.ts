import { expect, test } from 'vitest';
import { aFileTree } from '@sluice/pipelines/language/file-tree.fixture';
import { lintFiles } from './lint-command.ts';
import { planCommand } from './plan-command.ts';
import type { Terminal } from './terminal.ts';

const repository: Readonly<Record<string, string>> = {
  '.sluice.yml': 'on: push\nstages:\n  hello: { steps: [echo hello] }\n',
  'nightly.yml':
    "on: { schedule: { cron: '0 3 * * 1-5', timezone: Asia/Shanghai } }\nstages:\n  hello: { steps: [echo hello] }\n",
  'broken.yml': 'on: push\nstages:\n  hello: { step: [echo hello] }\n',
};

test('lint reads .sluice.yml where no file is named', async () => {
  const { io, output } = aTerminal();
  expect(await lintFiles([], io)).toBe(0);
  expect(output()).toBe('0 errors, 0 warnings in 1 file\n');
});

test('lint shows each mistake underlined and ends with 1', async () => {
  const { io, output } = aTerminal();
  expect(await lintFiles(['broken.yml'], io)).toBe(1);
  expect(output()).toContain(
    'broken.yml:3:12  There is no key "step" in stage "hello". Did you mean "steps"?',
  );
  expect(output()).toContain('    hello: { step: [echo hello] }\n             ~~~~\n');
});

test('lint paints the place and the underline on a terminal with colours', async () => {
  const { io, output } = aTerminal(true);
  await lintFiles(['broken.yml'], io);
  expect(output()).toContain('[1mbroken.yml:3:12');
});

test('a file that is not there is an error that says what to do', async () => {
  const { io, output } = aTerminal();
  expect(await lintFiles(['none.yml'], io)).toBe(1);
  expect(output()).toContain('none.yml is not there. Name the file');
});

test('plan shows which stages run and why', async () => {
  const { io, output } = aTerminal();
  expect(await planCommand({ file: '.sluice.yml', json: false, now: 0 }, io)).toBe(0);
  expect(output()).toBe(
    'pipeline: 1 of 1 stages run for a push to branch "main"\n  + hello  steps    starts at once\n',
  );
});

test('plan gives the plan as JSON for other programs', async () => {
  const { io, output } = aTerminal();
  expect(await planCommand({ file: '.sluice.yml', json: true, now: 0 }, io)).toBe(0);
  expect(JSON.parse(output())).toMatchObject({ kind: 'planned', plan: { pipeline: 'pipeline' } });
});

test('plan of a broken file shows the mistakes and ends with 1', async () => {
  const { io, output } = aTerminal();
  expect(await planCommand({ file: 'broken.yml', json: false, now: 0 }, io)).toBe(1);
  expect(output()).toContain('Did you mean "steps"?');
});

test('plan tells when schedules fire next, and plans one', async () => {
  const { io, output } = aTerminal();
  const now = Date.UTC(2026, 10, 21);
  expect(await planCommand({ file: 'nightly.yml', event: 'schedule', json: false, now }, io)).toBe(0);
  expect(output()).toBe(
    'nightly: 1 of 1 stages run for the schedule "0 3 * * 1-5" (Asia/Shanghai) on branch "main"\n' +
      '  + hello  steps    starts at once\n' +
      'schedule "0 3 * * 1-5" fires at 2026-11-23 03:00, 2026-11-24 03:00, 2026-11-25 03:00 (Asia/Shanghai)\n',
  );
});

const several = {
  '.sluice.yml': 'name: ci\non: push\ninclude: stages/*.yml\n',
  'stages/a.yml': 'stages:\n  a: { image: "busybox:1.36", steps: [echo] }\n',
  '.sluice/release.yml': 'on: { tag: v* }\nstages:\n  r: { image: "busybox:1.36", steps: [echo] }\n',
};

test('lint and plan read every pipeline of the repository, with what they include', async () => {
  const { io, output } = aTerminal(false, several);
  expect(await lintFiles([], io)).toBe(0);
  expect(await planCommand({ json: false, now: 0 }, io)).toBe(0);
  expect(output()).toBe(
    '0 errors, 0 warnings in 2 files\n' +
      '.sluice.yml\nci: 1 of 1 stages run for a push to branch "main"\n  + a  steps    starts at once\n' +
      '.sluice/release.yml\nNothing runs:\n  A push does not start this pipeline: on.push is not in the file\n',
  );
});

test('a mistake in an included file is shown with its path from here', async () => {
  const { io, output } = aTerminal(false, { ...several, 'stages/a.yml': 'stages:\n  a: { step: [echo] }\n' });
  const inSub = { ...io, placeOf: () => Promise.resolve({ root: 'sub', file: '.sluice.yml' }) };
  const readFile = (path: string) => io.readFile(path.replace('sub/', ''));
  expect(await lintFiles(['sub/.sluice.yml'], { ...inSub, readFile })).toBe(1);
  expect(output()).toContain('sub/stages/a.yml:2:8  There is no key "step" in stage "a".');
});

test('lint checks a template by itself, and plan says what to plan', async () => {
  const text =
    'inputs: { a: { type: string } }\nstages:\n  a: { image: "busybox:1.36", steps: ["${{ inputs.b }}"] }\n';
  const { io, output } = aTerminal(false, { 't.yml': text });
  expect(await lintFiles(['t.yml'], io)).toBe(1);
  expect(output()).toContain(
    't.yml:3:44  There is no input "b". Did you mean "a"? Inputs stand under inputs.',
  );
  expect(await planCommand({ file: 't.yml', json: false, now: 0 }, io)).toBe(1);
  expect(output()).toContain('t.yml is a template. Plan the pipeline that uses it.');
});

test('plan refuses an event that does not exist', async () => {
  const { io, output } = aTerminal();
  expect(await planCommand({ file: '.sluice.yml', event: 'pull', json: false, now: 0 }, io)).toBe(1);
  expect(output()).toContain('Use push, tag (with --tag), pull_request, schedule or manual.');
});

function aTerminal(
  colour = false,
  files: Readonly<Record<string, string>> = repository,
): { readonly io: Terminal; readonly output: () => string } {
  let output = '';
  const readFile = (path: string): Promise<string> => {
    const text = files[path];
    if (text !== undefined) return Promise.resolve(text);
    return Promise.reject(Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' }));
  };
  const placeOf = (file: string) => Promise.resolve({ root: '', file });
  const tree = () => aFileTree(files);
  return {
    io: {
      readFile,
      placeOf,
      tree,
      template: () => () => Promise.resolve(null),
      write: (text) => void (output += text),
      colour,
    },
    output: () => output,
  };
}
