import { runBuildStage } from '../build/build-stage.ts';
import { runPushStage } from '../push/push-stage.ts';
import { runScanStage } from '../scan/scan-stage.ts';
import type { StageRunner } from './stage-runner.ts';
import { createStepsRunner, type StepsExecutors } from './steps-stage.ts';
import { withEngine } from './with-engine.ts';

/** The kinds of stages that a worker carries out as one attempt; deploys go action by action, approvals wait for people. */
export type AttemptKind = 'steps' | 'build' | 'scan' | 'push';
export type StageRunners = Readonly<Record<AttemptKind, StageRunner>>;

export function createStageRunners(executors: StepsExecutors): StageRunners {
  return {
    steps: createStepsRunner(executors),
    build: withEngine(runBuildStage),
    scan: withEngine(runScanStage),
    push: withEngine(runPushStage),
  } satisfies Record<AttemptKind, StageRunner>;
}
