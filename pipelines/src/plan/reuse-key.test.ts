import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { aPlan } from './a-plan.ts';
import type { PlannedStage } from './plan.ts';
import { inputFiles, reuseKeyText, reuseRule, type CommitFile, type StageInputs } from './reuse-key.ts';

const [stage] = aPlan()
  .stage('test', { reuse: ['src', 'package-lock.json'] })
  .done().stages;
if (stage === undefined) throw new Error('no stage');
const file = (path: string, object = 'a'): CommitFile => ({ path, mode: '100644', object });
const inputs: StageInputs = {
  stage,
  files: [file('src/a'), file('src/b')],
  secrets: { token: 1 },
  outputs: { build: { version: '1' } },
  artifacts: [{ stage: 'build', sha256: 'x' }],
};

test('a folder means everything in it, and other files are none of the inputs', () => {
  const files = ['src/a', 'src/deep/b', 'srcs/c', 'package-lock.json', 'docs/d'].map((path) => file(path));
  const rule = reuseRule(stage);
  expect(rule === null ? null : inputFiles(stage, rule, files).map(({ path }) => path)).toEqual([
    'src/a',
    'src/deep/b',
    'package-lock.json',
  ]);
});

const withCommand = (each: PlannedStage, run: string): PlannedStage =>
  each.work.kind === 'steps'
    ? { ...each, work: { ...each.work, steps: each.work.steps.map((step) => ({ ...step, run })) } }
    : each;

test.each<[string, Partial<StageInputs>]>([
  ['another content of a file', { files: [file('src/a'), file('src/b', 'c')] }],
  ['another name of a file', { files: [file('src/a'), file('src/c')] }],
  ['another mode', { files: [file('src/a'), { ...file('src/b'), mode: '100755' }] }],
  ['a file less', { files: [file('src/a')] }],
  ['another command', { stage: withCommand(stage, 'false') }],
  ['another variable', { stage: { ...stage, env: { A: { kind: 'text', text: 'b' } } } }],
  ['another pool', { stage: { ...stage, pool: 'arm' } }],
  ['a secret that was set again', { secrets: { token: 2 } }],
  ['a secret that is gone', { secrets: { token: null } }],
  ['another output before', { outputs: { build: { version: '2' } } }],
  ['other files of a stage before', { artifacts: [{ stage: 'build', sha256: 'y' }] }],
])('%s is another key', (_, change) => {
  expect(reuseKeyText({ ...inputs, ...change })).not.toBe(reuseKeyText(inputs));
});

test('how long a failed stage is held is none of the inputs', () => {
  const held = stage.work.kind === 'steps' ? { ...stage.work, keepOnFailureMs: 1 } : stage.work;
  expect(reuseKeyText({ ...inputs, stage: { ...stage, work: held } })).toBe(reuseKeyText(inputs));
});

property.prop([fc.dictionary(fc.string(), fc.string()), fc.uniqueArray(fc.string())])(
  'the order of files, variables and outputs says nothing',
  (outputs, paths) => {
    const turned = Object.fromEntries(Object.entries(outputs).toReversed());
    const files = paths.map((path) => file(path));
    const one = reuseKeyText({ ...inputs, files, outputs: { build: outputs } });
    expect(reuseKeyText({ ...inputs, files: files.toReversed(), outputs: { build: turned } })).toBe(one);
  },
);
