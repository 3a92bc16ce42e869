// The services of an attempt: all started at the same time, in one network, and waited for until they are ready.
import type Docker from 'dockerode';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServiceSpec, WorkspaceSpec } from '../../executor.ts';
import { createContainer } from '../create-container.ts';
import { engineStatus, messageOf } from '../engine-error.ts';
import { hardened } from '../harden.ts';
import { describeService, lastLines, type StartedService } from './describe-service.ts';
import { untilReady } from './until-ready.ts';

export interface ServiceProblem {
  readonly reason: 'image-pull' | 'service';
  readonly message: string;
}

/**
 * `network`: an id, or `container:<id>`. Resolves when all are ready, or with the first problem; what was made carries the labels and is the caller's to
 * remove, also when this rejects.
 */
export async function startServices(
  docker: Docker,
  spec: WorkspaceSpec,
  network: string,
  signal: AbortSignal,
): Promise<Result<readonly StartedService[], ServiceProblem>> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let first: ServiceProblem | null = null;
  const starting = spec.services.map(async (service) => {
    const started = await startService(docker, service, spec, network, either);
    if (started.ok) return started.value;
    first ??= started.error;
    failed.abort();
    throw new Error(started.error.message);
  });
  const ends = await Promise.allSettled(starting);
  const problem: ServiceProblem | null = first;
  if (problem !== null) return err(problem);
  const started: StartedService[] = [];
  for (const end of ends) {
    if (end.status === 'rejected') throw end.reason;
    started.push(end.value);
  }
  return ok(started);
}

async function startService(
  docker: Docker,
  service: ServiceSpec,
  spec: WorkspaceSpec,
  network: string,
  signal: AbortSignal,
): Promise<Result<StartedService, ServiceProblem>> {
  const { name, image } = service;
  const created = await createContainer(docker, containerOptions(service, spec, network), spec, signal);
  if (!created.ok) {
    return err({ reason: 'image-pull', message: `Service "${name}": ${created.error}` });
  }
  signal.throwIfAborted();
  const container = created.value;
  try {
    await container.start();
  } catch (error) {
    if (engineStatus(error) !== 400) throw error;
    const message = `Service "${name}" could not be started from ${image}: ${messageOf(error)}. Check its image and "command".`;
    return err({ reason: 'service', message });
  }
  spec.onProgress(`service ${name} was started from ${image}`);
  const problem = await untilReady(container, service, spec.onProgress, signal);
  if (problem === null) return ok({ name, id: container.id });
  const { lastLines: lines } = await describeService(docker, { name, id: container.id });
  for (const line of lines) spec.onProgress(`service ${name}: ${line}`);
  const said = lastLines(lines);
  const message = `Service "${name}" (${image}) ${problem}${said === '' ? ' It wrote nothing.' : ` Its last lines: ${said}`}`;
  return err({ reason: 'service', message });
}

function containerOptions(
  { name, image, env, command }: ServiceSpec,
  { labels }: WorkspaceSpec,
  network: string,
): Docker.ContainerCreateOptions & { readonly Image: string } {
  const isShared = network.startsWith('container:');
  return {
    Image: image,
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    Labels: { ...labels, 'sluice.stage-service': name },
    ...(command === null ? {} : { Cmd: [...command] }),
    // Who is in another container's network has that one's name and loopback.
    ...(isShared
      ? {}
      : { Hostname: name, NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [name] } } } }),
    HostConfig: {
      ...hardened(null),
      NetworkMode: network,
      LogConfig: { Type: 'local', Config: { 'max-size': '10m', 'max-file': '2' } },
    },
  };
}
