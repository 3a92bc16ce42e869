import type { Plan, PlannedStage } from '@sluice/pipelines/plan/plan';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import { stage, steps } from './fixture-plans.ts';

/** Tests on every version and system, then one report. */
export function matrixPlan(trigger: Trigger): Plan {
  const tests = [20, 22, 24].flatMap((node) =>
    ['linux', 'windows'].map((os) =>
      stage(`test (${node}, ${os})`, ['lint'], steps('npm ci', 'npm test'), {
        combination: { of: 'test', values: { node, os } },
      }),
    ),
  );
  const stages: readonly PlannedStage[] = [
    stage('lint', [], steps('oxlint')),
    ...tests,
    stage(
      'test',
      tests.map(({ id }) => id),
      { kind: 'matrix', stages: tests.map(({ id }) => id) },
    ),
    stage('report', ['test'], steps('./report.sh')),
  ];
  return { pipeline: 'library', trigger, inputs: {}, env: {}, stages };
}
