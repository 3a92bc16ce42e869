import type { BuildWork } from '@sluice/pipelines/language/definition';
import type Docker from 'dockerode';
import { z } from 'zod';
import { engineStatus } from '../executors/docker/engine-error.ts';
import { ensureImage, registryHost } from '../executors/docker/pull-image.ts';
import { failed } from '../stages/failed-outcome.ts';
import { readableBytes } from '../stages/readable-bytes.ts';
import type { StageContext, StageRunner } from '../stages/stage-runner.ts';
import { stoppedOutcome } from '../stages/stopped-outcome.ts';
import { refuseEngineLeft } from '../executors/docker/outlast-engine.ts';
import { baseImages } from './base-images.ts';
import { readBuildContext, type BuildContext } from './build-context.ts';
import { buildFailure, type FailedBuild } from './build-failure.ts';
import { createBuildProgress } from './build-progress.ts';
import { openBuildSession } from './build-session.ts';
import { decodeBuildkitStatus } from './buildkit-status.ts';
import { engineMessages } from './engine-messages.ts';
import { startBuild } from './start-build.ts';
import { runImageName } from './image-names.ts';
import { builtAtLabel, removeImage } from './image-reaper.ts';

/**
 * Builds an image with the engine's BuildKit. Outputs: `image`, its name on this engine until the run's end;
 * `image_id`, `sha256:…` of its configuration; `size` in bytes.
 */
export const runBuildStage: StageRunner = async (context) => {
  const { claim, docker, log, signal } = context;
  const work = claim.stage.work;
  if (work.kind !== 'build') throw new Error(`stage "${claim.stage.id}" is no build stage: ${work.kind}`);
  if (signal.aborted) return stoppedOutcome(signal);

  const leak = secretInArguments(work, claim.secrets);
  if (leak !== null) return failed(leak);
  const found = await readBuildContext(context.workspace, work);
  if (!found.ok) return failed(found.error);

  const image = runImageName(claim.installation, claim.runId, claim.stage.id);
  log.say(
    `building ${work.file}: context of ${found.value.files} files, ${readableBytes(found.value.bytes)}`,
  );
  try {
    const missing = await pullPrivateBases(context, work, found.value.dockerfileText);
    if (missing !== null) return failed(missing, 'image-pull');
    const previous = await imageId(docker, image);
    const failure = await build(context, work, found.value, image);
    if (failure !== null) return buildFailure(failure, work);
    signal.throwIfAborted();
    const { Id: id, Size: size } = await docker.getImage(image).inspect();
    // An earlier attempt's image, which has just lost its name.
    if (previous !== null && previous !== id) await removeImage(docker, previous);
    log.say(`built ${id}, ${readableBytes(size)}`);
    return { result: 'succeeded', outputs: { image, image_id: id, size: String(size) } };
  } catch (error) {
    if (signal.aborted) {
      await removeImage(docker, image);
      return stoppedOutcome(signal);
    }
    if (engineStatus(error) === 404) return failed(noBuildKit);
    throw error;
  }
};

async function imageId(docker: Docker, name: string): Promise<string | null> {
  try {
    return (await docker.getImage(name).inspect()).Id;
  } catch (error) {
    if (engineStatus(error) === 404) return null;
    throw error;
  }
}

const noBuildKit =
  'The Docker engine of this worker has no BuildKit, which builds need. Give the worker a Docker Engine of at least version 18.09 (DOCKER_HOST).';

/**
 * Fetches base images from registries that we have credentials for. BuildKit would ask for credentials itself, but
 * gets the same ones for every host that a Dockerfile names; so each goes to its own host before the build. Null, or
 * why one cannot be had.
 */
async function pullPrivateBases(
  { claim, docker, log, signal }: StageContext,
  work: BuildWork,
  dockerfile: string,
): Promise<string | null> {
  const hosts = new Set(claim.registryCredentials.map((known) => known.host));
  for (const image of baseImages(dockerfile, work.args).filter((base) => hosts.has(registryHost(base)))) {
    const pulled = await ensureImage(docker, image, claim.registryCredentials, log.say, signal);
    if (!pulled.ok) return pulled.error;
  }
  return null;
}

/** Null when the image was built. */
async function build(
  context: StageContext,
  work: BuildWork,
  buildContext: BuildContext,
  image: string,
): Promise<FailedBuild | null> {
  const { claim, log, signal } = context;
  // Whatever runs from the image inherits its labels: the mark of what belongs to an attempt alone stays off it.
  const { 'sluice.attempt': _, ...labels } = context.labels;
  await using session = await openBuildSession(context.docker, secretsOf(work, claim.secrets));
  const options = {
    t: image,
    dockerfile: buildContext.dockerfile,
    buildargs: work.args,
    labels: {
      ...labels,
      [builtAtLabel]: new Date().toISOString(),
      'org.opencontainers.image.revision': claim.checkout.commit,
      'org.opencontainers.image.source': withoutCredentials(claim.checkout.url),
    },
    ...(work.target === null ? {} : { target: work.target }),
    ...(work.cache === false ? { nocache: true as const } : {}),
    ...(work.platform === undefined ? {} : { platform: work.platform }),
    session: session.id,
  };
  const stream = await startBuild(context.docker, buildContext.pack(), options, signal);
  const progress = createBuildProgress();
  const show = (lines: readonly string[]): void => {
    if (lines.length > 0) log.write('stdout', Buffer.from(`${lines.join('\n')}\n`));
  };
  let error: string | null = null;
  for await (const message of engineMessages(stream)) {
    if (message.id === 'moby.buildkit.trace') {
      show(progress.accept(decodeBuildkitStatus(trace.parse(message.aux))));
    }
    if (message.error !== undefined) error = message.error;
    await log.drained();
  }
  show(progress.end());
  refuseEngineLeft(error, signal);
  return error === null ? null : { error, step: progress.failure() };
}

const trace = z.string();

/** Those that the build names, and no others of its environment. */
const secretsOf = (work: BuildWork, secrets: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries((work.secrets ?? []).map((name) => [name, secrets[name] ?? '']));

/** A build argument stays readable in the image's history for everyone who can pull it. */
function secretInArguments(work: BuildWork, secrets: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(work.args)) {
    const secret = Object.keys(secrets).find(
      (key) => isWorthHiding(secrets[key]) && value.includes(secrets[key] ?? ''),
    );
    if (secret !== undefined) {
      return `The build argument ${name} holds the secret "${secret}". Arguments stay readable in the image: take the secret out of "args", and give it by "secrets".`;
    }
  }
  return null;
}

/** Shorter values appear in innocent text. */
const isWorthHiding = (secret: string | undefined): boolean => secret !== undefined && secret.length >= 6;

function withoutCredentials(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}
