import { isImageTag, parseImageRepository, type ImageRepository } from '../registry/image-reference.ts';
import type { PushWork } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { failed } from '../stages/failed-outcome.ts';
import { attest, type PushedImage } from '../attest/attest.ts';
import { readSigningKey } from '../attest/signing-key.ts';
import { findRunImage } from '../build/find-run-image.ts';
import type { RegistryProblem } from '../registry/registry-problem.ts';
import type { StageContext, StageRunner } from '../stages/stage-runner.ts';
import { stoppedOutcome } from '../stages/stopped-outcome.ts';
import { problemOutcome, pushProblem } from './push-problem.ts';
import { createPushProgress } from './push-progress.ts';
import { pushTag } from './push-tag.ts';
import { verifyDigest } from './verify-digest.ts';

/**
 * Pushes the image of a build stage under every tag to every repository, and attaches to it what the stage asks for.
 * Outputs: `image`, `registry/repository@sha256:…`; `digest`; `tags`, joined by commas; `replicas`, as `image`, of the
 * further repositories.
 */
export const runPushStage: StageRunner = async (context) => {
  const { claim, signal } = context;
  const work = claim.stage.work;
  if (work.kind !== 'push') throw new Error(`stage "${claim.stage.id}" is no push stage: ${work.kind}`);
  if (signal.aborted) return stoppedOutcome(signal);

  const targets = targetsOf(work);
  if (!targets.ok) return failed(targets.error);
  const tagProblem = problemOfTags(work.tags);
  if (tagProblem !== null) return failed(tagProblem);
  const key = work.sign === undefined ? ok(null) : readSigningKey(claim.secrets[work.sign] ?? '', work.sign);
  if (!key.ok) return failed(key.error);
  const image = await findRunImage(context, work.of);
  if (!image.ok) return failed(image.error);
  try {
    const pushed: PushedImage[] = [];
    for (const repository of targets.value) {
      const digest = await pushTags(context, work, image.value.name, repository);
      if (!digest.ok) return problemOutcome(digest.error);
      const attested = await attest(context, work, { repository, digest: digest.value }, key.value);
      if (!attested.ok) return problemOutcome(attested.error);
      pushed.push({ repository, digest: digest.value });
    }
    const [first, ...replicas] = pushed;
    const { digest = '' } = first ?? {};
    return {
      result: 'succeeded',
      outputs: {
        image: `${first?.repository.name ?? ''}@${digest}`,
        digest,
        tags: work.tags.join(','),
        ...(replicas.length > 0 && {
          replicas: replicas.map((each) => `${each.repository.name}@${each.digest}`).join(','),
        }),
      },
    };
  } catch (error) {
    if (signal.aborted) return stoppedOutcome(signal);
    throw error;
  }
};

/** Where it is pushed to first, then the further ones. */
function targetsOf({ to, replicate = [] }: PushWork): Result<readonly ImageRepository[], string> {
  const targets: ImageRepository[] = [];
  for (const [index, text] of [to, ...replicate].entries()) {
    const repository = parseImageRepository(text);
    const key = index === 0 ? 'to' : 'replicate';
    if (!repository.ok) return err(`"${key}" of the push stage: ${repository.error}`);
    targets.push(repository.value);
  }
  return ok(targets);
}

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
