import { runBuildStage } from '../build/build-stage.ts';
import { runPushStage } from '../push/push-stage.ts';
import { runScanStage } from '../scan/scan-stage.ts';
import { failed } from './failed-outcome.ts';
import type { StageRunner } from './stage-runner.ts';
import { createStepsRunner, type StepsExecutors } from './steps-stage.ts';

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

/** A worker whose steps are pods may have no Docker engine; images are still made and moved by one. */
function withEngine(run: StageRunner): StageRunner {
  return async (context) => {
    try {
      await context.docker.ping();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const { kind } = context.claim.stage.work;
      const message = `A ${kind} stage needs a Docker engine, and this worker reaches none: ${why}. Set its DOCKER_HOST, also where steps run as pods.`;
      context.log.say(message);
      return failed(message, 'infrastructure');
    }
    return await run(context);
  };
}
