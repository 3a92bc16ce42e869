import { err, ok, type Result } from '@sluice/pipelines/result';
import { engineStatus } from '../executors/docker/engine-error.ts';
import type { StageContext } from '../stages/stage-runner.ts';

export interface RunImage {
  /** Its name on this engine. */
  readonly name: string;
  /** `sha256:…` of its configuration. */
  readonly id: string;
}

/** The image that build stage `of` of this run has left on this engine. The error says why there is none and what to do. */
export async function findRunImage(
  { claim, docker }: Pick<StageContext, 'claim' | 'docker'>,
  of: string,
): Promise<Result<RunImage, string>> {
  const outputs = claim.outputs[of];
  const name = outputs?.['image'];
  const id = outputs?.['image_id'];
  if (name === undefined || id === undefined) {
    return err(`Stage "${of}" has left no image: name a build stage of this run in "of", and in "needs".`);
  }
  const found = await docker
    .getImage(name)
    .inspect()
    .catch((error: unknown) => {
      if (engineStatus(error) === 404) return null;
      throw error;
    });
  if (found?.Id === id) return ok({ name, id });
  return err(
    found === null
      ? `The image of stage "${of}" (${id}) is not on this worker's Docker engine: it was built on another one, or removed. Run stage "${of}" again on this worker, or let the workers of one pool share an engine.`
      : `The image of stage "${of}" on this worker's Docker engine is another one (${found.Id}, expected ${id}). Run stage "${of}" again.`,
  );
}
