import { expect, test } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { aPlan, aTrigger } from './a-plan.ts';
import { buildPlan } from './build-plan.ts';
import { chooseStages, type ChosenStages, type StageChoice } from './choose-stages.ts';
import type { Plan } from './plan.ts';

const everything: StageChoice = { only: [], from: null, matrix: {} };
const shop = aPlan()
  .stage('lint')
  .stage('build')
  .stage('test', { needs: ['build'] })
  .stage('pack', { needs: ['test', 'lint'] })
  .stage('docs')
  .done();

test('without a wish everything is chosen', () => {
  expect(idsOf(chosen(shop, {}))).toEqual(['lint', 'build', 'test', 'pack', 'docs']);
});

test('one stage comes with what it needs, directly or not, and nothing else', () => {
  expect(idsOf(chosen(shop, { only: ['test'] }))).toEqual(['build', 'test']);
});

test('from a stage on, what stands before is there to be kept and not to be run', () => {
  const { plan, keeps } = chosen(shop, { from: 'test' });
  expect(plan.stages.map(({ id }) => id)).toEqual(['lint', 'build', 'test', 'pack']);
  expect([...keeps].toSorted()).toEqual(['build', 'lint']);
});

test('a stage that is not there is named, with the one that was meant', () => {
  expect(chooseStages(shop, { ...everything, only: ['tset'] })).toMatchObject({
    error: 'there is no stage "tset". Did you mean "test"? There is lint, build, test, pack, docs',
  });
});

test('a stage that the event leaves out cannot be asked for, and its reason is told', () => {
  const plan = aPlan().stage('deploy', { excluded: 'branch is dev' }).done();
  expect(chooseStages(plan, { ...everything, only: ['deploy'] })).toMatchObject({
    error: expect.stringContaining('branch is dev'),
  });
});

const matrix = planOf(`on: push
stages:
  plan: { image: x, steps: [a], outputs: { list: { file: l } } }
  test: { image: x, matrix: { node: [20, 22], os: [a, b] }, steps: [a] }
  later: { image: x, needs: [plan], matrix: { node: '\${{ stages.plan.outputs.list }}' }, steps: [a] }
  report: { image: x, needs: [test, later], steps: [a] }
`);

test('of a matrix only the combinations with the value are left, and the stage waits for them alone', () => {
  const { plan } = chosen(matrix, { matrix: { node: '22' } });
  const test = plan.stages.find(({ id }) => id === 'test');
  expect(test?.work).toEqual({ kind: 'matrix', stages: ['test (22, a)', 'test (22, b)'] });
  expect(idsOf({ plan, keeps: new Set() })).toEqual([
    'plan',
    'test (22, a)',
    'test (22, b)',
    'test',
    'later',
    'report',
  ]);
});

test('combinations that become known later decide for themselves', () => {
  const { plan } = chosen(matrix, { matrix: { node: '22' } });
  const later = plan.stages.find(({ id }) => id === 'later');
  expect(later?.unexpanded?.each.if).toBe('string(matrix.node) == "22"');
});

test('a value that no combination has is refused with those that there are, and so is a name', () => {
  expect(chooseStages(matrix, { ...everything, matrix: { os: 'c' } })).toMatchObject({
    error: 'no combination has os=c: there is a, b',
  });
  expect(chooseStages(matrix, { ...everything, matrix: { nod: '22' } })).toMatchObject({
    error: expect.stringContaining('Did you mean "node"?'),
  });
});

test('one combination can be asked for by its id', () => {
  expect(idsOf(chosen(matrix, { only: ['test (20, a)'] }))).toEqual(['test (20, a)']);
});

function chosen(plan: Plan, wish: Partial<StageChoice>): ChosenStages {
  const result = chooseStages(plan, { ...everything, ...wish });
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const idsOf = ({ plan }: ChosenStages): readonly string[] => plan.stages.map(({ id }) => id);

function planOf(file: string): Plan {
  const { definition, diagnostics } = parsePipeline(file, 'x.yml');
  if (definition === null) throw new Error(JSON.stringify(diagnostics));
  const outcome = buildPlan(definition, aTrigger);
  if (outcome.kind === 'filtered') throw new Error(outcome.reasons.join());
  return outcome.plan;
}
