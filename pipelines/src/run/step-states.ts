import { unreachable } from '../result.ts';
import type { StageWork } from '../language/definition.ts';
import type { RunEvent, StepState } from './run-state.ts';

/** The steps of a stage before the first one starts. A build, scan or push is one step of its own name. */
export function initialSteps(work: StageWork): readonly StepState[] {
  switch (work.kind) {
    case 'steps':
      return work.steps.map((step) => ({ name: step.name, status: 'waiting' }));
    case 'build':
    case 'scan':
    case 'push':
      return [{ name: work.kind, status: 'waiting' }];
    case 'deploy':
    case 'approve':
    case 'matrix':
    case 'use':
      return [];
    default:
      return unreachable(work);
  }
}

export function startStep(
  steps: readonly StepState[],
  event: Extract<RunEvent, { readonly kind: 'step-started' }>,
): readonly StepState[] {
  const newest = event.try === undefined ? {} : { try: { ...event.try, startedAt: event.at } };
  return steps.map((step, index) => {
    if (index !== event.step) return step;
    if (step.status === 'waiting')
      return { name: step.name, status: 'running', startedAt: event.at, ...newest };
    return step.status === 'running' ? { ...step, ...newest } : step;
  });
}

export function finishStep(
  steps: readonly StepState[],
  event: Extract<RunEvent, { readonly kind: 'step-finished' }>,
): readonly StepState[] {
  const { result, exitCode, at } = event;
  return steps.map((step, index) => {
    if (index !== event.step || (step.status !== 'waiting' && step.status !== 'running')) return step;
    const startedAt = step.status === 'running' ? step.startedAt : at;
    return { name: step.name, status: result, startedAt, finishedAt: at, exitCode };
  });
}
