import { isImageTag, parseImageRepository, type ImageRepository } from '../registry/image-reference.ts';
import type { PushWork } from '@sluice/pipelines/language/definition';
import { ok, type Result } from '@sluice/pipelines/result';
import { failed } from '../stages/failed-outcome.ts';
import { findRunImage } from '../build/find-run-image.ts';
import type { RegistryProblem } from '../registry/registry-problem.ts';
import type { StageContext, StageRunner } from '../stages/stage-runner.ts';
import { stoppedOutcome } from '../stages/stopped-outcome.ts';
import { problemOutcome, pushProblem } from './push-problem.ts';
import { createPushProgress } from './push-progress.ts';
import { pushTag } from './push-tag.ts';
import { verifyDigest } from './verify-digest.ts';

/**
 * Pushes the image of a build stage under every tag. Outputs: `image`, `registry/repository@sha256:…`; `digest`;
 * `tags`, joined by commas.
 */
export const runPushStage: StageRunner = async (context) => {
  const { claim, signal } = context;
  const work = claim.stage.work;
  if (work.kind !== 'push') throw new Error(`stage "${claim.stage.id}" is no push stage: ${work.kind}`);
  if (signal.aborted) return stoppedOutcome(signal);

  const repository = parseImageRepository(work.to);
  if (!repository.ok) return failed(`"to" of the push stage: ${repository.error}`);
  const tagProblem = problemOfTags(work.tags);
  if (tagProblem !== null) return failed(tagProblem);
  const image = await findRunImage(context, work.of);
  if (!image.ok) return failed(image.error);
  try {
    const digest = await pushTags(context, work, image.value.name, repository.value);
    if (!digest.ok) return problemOutcome(digest.error);
    return {
      result: 'succeeded',
      outputs: {
        image: `${repository.value.name}@${digest.value}`,
        digest: digest.value,
        tags: work.tags.join(','),
      },
    };
  } catch (error) {
    if (signal.aborted) return stoppedOutcome(signal);
    throw error;
  }
};

function problemOfTags(tags: readonly string[]): string | null {
  const wrong = tags.find((tag) => !isImageTag(tag));
  if (wrong !== undefined) {
    return `"${wrong}" is no image tag: letters, digits, "_", "." and "-", at most 128 of them. Correct "tags" of the push stage.`;
  }
  return tags.length === 0 ? 'The push stage names no tag: name at least one in "tags".' : null;
}

/** The digest that every tag now has in the registry. */
async function pushTags(
  { claim, docker, log, signal }: StageContext,
  work: PushWork,
  image: string,
  repository: ImageRepository,
): Promise<Result<string, RegistryProblem>> {
  const credentials = claim.registryCredentials.find((known) => known.host === repository.registry) ?? null;
  let digest = '';
  for (const tag of work.tags) {
    log.say(`pushing ${repository.name}:${tag}`);
    const progress = createPushProgress();
    const pushed = await pushTag(docker, {
      image,
      repository: repository.name,
      tag,
      credentials,
      signal,
      onMessage: async (message) => {
        const lines = progress.accept(message, performance.now());
        if (lines.length > 0) log.write('stdout', Buffer.from(`${lines.join('\n')}\n`));
        await log.drained();
      },
    });
    if (!pushed.ok)
      return { ok: false, error: pushProblem(pushed.error, repository.registry, credentials !== null) };
    digest = pushed.value;
    const verified = await verifyDigest(docker, { repository, tag, digest }, credentials, signal);
    if (!verified.ok) return verified;
    log.say(`${repository.name}:${tag} is ${digest}, asked back from the registry by this ${verified.value}`);
  }
  return ok(digest);
}
