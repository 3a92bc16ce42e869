import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { isEngineAway, outlastEngine } from '../executors/docker/outlast-engine.ts';
import { failed } from './failed-outcome.ts';
import type { StageContext, StageRunner } from './stage-runner.ts';

/** Then something is wrong with the engine that another start does not mend. */
const mostLosses = 5;

/**
 * For stages that a Docker engine carries out whole, and that may be carried out anew: when the engine goes away under
 * one, the stage waits until it is back and begins again, in the same attempt. A worker whose steps are pods may have
 * no engine at all; then the failure says so.
 */
export function withEngine(run: StageRunner): StageRunner {
  return async (context) => {
    for (let losses = 0; ; losses += 1) {
      const absence = await awaitEngine(context);
      if (absence !== null) return absence;
      try {
        return await run(context);
      } catch (error) {
        if (context.signal.aborted || !isEngineAway(error) || losses === mostLosses) throw error;
        const { kind } = context.claim.stage.work;
        context.log.say(`the Docker engine went away: the ${kind} begins again when it is back`);
      }
    }
  };
}

/** Null when it answers; else how the stage ends without one. */
async function awaitEngine({ claim, docker, log, signal }: StageContext): Promise<StageOutcome | null> {
  const ping = async (): Promise<void> => void (await docker.ping());
  try {
    await ping().catch(async (error: unknown) => {
      if (!isEngineAway(error)) throw error;
      log.say('waiting for the Docker engine, which does not answer');
      await outlastEngine(ping, signal);
    });
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const { kind } = claim.stage.work;
    const message = `A ${kind} stage needs a Docker engine, and this worker reaches none: ${why}. Set its DOCKER_HOST, also where steps run as pods.`;
    log.say(message);
    return failed(message, 'infrastructure');
  }
}
