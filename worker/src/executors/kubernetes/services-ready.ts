import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceSpec, WorkspaceSpec } from '../executor.ts';
import type { PodPlace } from './pod-console.ts';
import { askInPod, ConnectionLostError } from './pod-exec.ts';
import { serviceContainer } from './pod-manifest.ts';

/** Null when every service says that it is ready; else which is not, and its last words. */
export async function untilServicesReady(
  place: PodPlace,
  { services, onProgress }: WorkspaceSpec,
  signal: AbortSignal,
): Promise<string | null> {
  const problems = await Promise.all(
    services.map(async (service) => {
      const problem = await untilReady(place, service, signal);
      if (problem === null) onProgress(`service "${service.name}" is ready`);
      return problem;
    }),
  );
  return problems.find((problem) => problem !== null) ?? null;
}

async function untilReady(
  place: PodPlace,
  service: ServiceSpec,
  signal: AbortSignal,
): Promise<string | null> {
  const { ready, readyTimeoutMs, name } = service;
  if (ready === null) return null;
  const { cluster } = place;
  const target = { namespace: cluster.namespace, pod: place.name, container: serviceContainer(name) };
  const until = Date.now() + readyTimeoutMs;
  for (let waitMs = 100, said = ''; ; waitMs = Math.min(1_000, waitMs * 1.5)) {
    signal.throwIfAborted();
    try {
      const { end, stdout } = await askInPod(cluster.config, { ...target, command: ['sh', '-c', ready] });
      if (end.kind === 'exited' && end.exitCode === 0) return null;
      said = end.kind === 'not-run' ? end.message : stdout.trim();
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      await cluster.findPod(place.name); // waits while the API server is away
    }
    if (Date.now() > until)
      return notReady(service, said, await cluster.readLog(place.name, target.container));
    await sleep(waitMs);
  }
}

function notReady({ name, ready, readyTimeoutMs }: ServiceSpec, said: string, log: string): string {
  const seconds = Math.round(readyTimeoutMs / 1_000);
  const answer = said === '' ? '' : ` "${ready}" said: ${said.slice(-500)}.`;
  return `Service "${name}" was not ready within ${seconds} s.${answer} Its last lines:\n${log.trim()}`;
}
