import { expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.ts';

const stage = (keys: string) => parsePipeline(`on: push\nstages: { a: { ${keys} } }\n`, '.sluice.yml');
const checkoutOf = (keys: string): unknown => {
  const work = stage(keys).definition?.stages[0]?.work;
  return work?.kind === 'steps' || work?.kind === 'build' ? work.checkout : 'none';
};

test.each([
  ['true', true],
  ['false', false],
  ['{}', true],
  ['{ depth: 0 }', { depth: 0, submodules: 'none' }],
  ['{ submodules: true }', { depth: null, submodules: 'direct' }],
  ['{ submodules: false }', true],
  ['{ depth: 50, submodules: recursive }', { depth: 50, submodules: 'recursive' }],
])('checkout: %s of steps is %o', (written, meant) => {
  expect(checkoutOf(`steps: [x], checkout: ${written}`)).toEqual(meant);
});

test('a build has the same wishes, and needs the files in any case', () => {
  expect(checkoutOf('build: {}, checkout: { submodules: true }')).toEqual({
    depth: null,
    submodules: 'direct',
  });
  expect(checkoutOf('build: {}, checkout: true')).toBeUndefined();
  expect(stage('build: {}, checkout: false').diagnostics[0]?.message).toContain('checkout cannot be false');
  expect(stage('approve: {}, checkout: true').diagnostics[0]?.message).toContain('belongs to stages with');
});
