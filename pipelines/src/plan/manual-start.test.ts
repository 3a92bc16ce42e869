import { expect, test } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { checkInputs } from './check-inputs.ts';
import { manualStartOf, rulesOf } from './manual-start.ts';

const stages = 'stages: { a: { image: "busybox:1.36", steps: [echo] } }\n';

test('a pipeline that is started by hand tells its inputs in the order of the file', () => {
  const start = startOf(`
name: ci
on:
  manual:
    inputs:
      rounds: { type: number }
      level: { type: choice, options: [debug, info], default: info, description: how much is logged }
      where: { type: environment, default: staging }
${stages}`);
  expect(start).toEqual({
    kind: 'startable',
    file: '.sluice.yml',
    pipeline: 'ci',
    inputs: [
      { name: 'rounds', type: 'number', default: null, isRequired: true },
      {
        name: 'level',
        type: 'choice',
        options: ['debug', 'info'],
        default: 'info',
        description: 'how much is logged',
        isRequired: false,
      },
      { name: 'where', type: 'environment', default: 'staging', isRequired: false },
    ],
  });
  const inputs = start.kind === 'startable' ? start.inputs : [];
  expect(checkInputs(rulesOf(inputs), { rounds: '2' })).toEqual({
    ok: true,
    value: { rounds: 2, level: 'info', where: 'staging' },
  });
});

test('a manual start may ask for nothing, or not be there at all', () => {
  expect(startOf(`name: ci\non: manual\n${stages}`)).toMatchObject({ kind: 'startable', inputs: [] });
  expect(startOf(`name: ci\non: push\n${stages}`)).toEqual({
    kind: 'not-by-hand',
    file: '.sluice.yml',
    pipeline: 'ci',
  });
});

test('a broken file is named by its path and tells what is wrong', () => {
  expect(startOf('on: manual\n')).toMatchObject({
    kind: 'broken',
    pipeline: '.sluice.yml',
    diagnostics: [{ code: 'missing-key' }],
  });
});

test.each([
  ['required: true', 'An input without a default must be filled in'],
  ['description: ""', 'description is empty'],
  ['description: "${{ branch }}"', 'may not hold an expression'],
])('an input with %s is refused with what to do', (key, message) => {
  const start = startOf(`on: { manual: { inputs: { x: { type: string, ${key} } } } }\n${stages}`);
  expect(start.kind === 'broken' && start.diagnostics[0]?.message).toContain(message);
});

const startOf = (text: string) =>
  manualStartOf({ file: '.sluice.yml', ...parsePipeline(text, '.sluice.yml') });
