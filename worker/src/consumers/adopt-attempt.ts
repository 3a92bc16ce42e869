import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { ClaimAnswer } from '@sluice/pipelines/protocol/worker-api';
import { engineStatus } from '../executors/docker/engine-error.ts';
import { createBackoff } from '../server-client/backoff.ts';
import { isTokenRefused, ServerAwayError } from '../server-client/http-door.ts';
import type { ServerClient } from '../server-client/server-client.ts';
import { deliverLeftovers } from '../spool/deliver-leftovers.ts';
import type { UnfinishedAttempt } from '../spool/find-unfinished.ts';
import { createLiveAttempt, type LiveAttempts } from '../stages/live-attempt.ts';
import { runAttempt, type AttemptDependencies } from '../stages/run-attempt.ts';

export interface ConsumerDependencies extends AttemptDependencies {
  readonly server: ServerClient;
}

/**
 * Takes up an attempt that an earlier process of this worker had under way: its steps have gone on meanwhile. When
 * the server does not give it back, its end is reported as `worker-lost` and nothing of it stays. Resolves when it has
 * ended, or when this process ends before the server has answered; then the next one tries. `onAnswer` is called when
 * the server has answered: from then on the attempt is among the `live`, or is not ours.
 */
export async function adoptAttempt(
  deps: ConsumerDependencies,
  unfinished: UnfinishedAttempt,
  { live, abandon }: { readonly live: LiveAttempts; readonly abandon: AbortSignal },
  closing: AbortSignal,
  onAnswer: () => void,
): Promise<void> {
  const { attemptId } = unfinished.header;
  const answer = await ask(deps, unfinished, closing);
  if (answer === null) return;
  if (answer.kind === 'refused') {
    onAnswer();
    await removeContainer(deps.docker, unfinished.containerId);
    await deps.endProcesses(attemptId);
    await rm(join(deps.folder.attempts, attemptId), { recursive: true, force: true });
    await deliverLeftovers(deps.server, [unfinished.path], deps.log, abandon);
    return;
  }
  deps.log.warn({ attemptId }, 'took up an attempt of an earlier process');
  const attempt = createLiveAttempt(attemptId, answer.claim.fence);
  live.set(attemptId, attempt);
  onAnswer();
  try {
    await runAttempt(deps, answer.claim, attempt, abandon, unfinished);
  } finally {
    if (live.get(attemptId) === attempt) live.delete(attemptId);
  }
}

async function ask(
  { server, folder, log }: ConsumerDependencies,
  { header: { attemptId, fence } }: UnfinishedAttempt,
  closing: AbortSignal,
): Promise<ClaimAnswer | null> {
  const backoff = createBackoff({ firstMs: 100, maxMs: 2_000 });
  let isTold = false;
  while (!closing.aborted) {
    try {
      return await server.adopt(attemptId, { workerId: folder.workerId, fence });
    } catch (error) {
      if (!isTold && !isTokenRefused(error))
        log.warn({ attemptId }, `adopt: ${error instanceof Error ? error.message : String(error)}`);
      isTold = true;
      if (!(error instanceof ServerAwayError || isTokenRefused(error)))
        return { kind: 'refused', reason: 'over' };
      await backoff.wait(closing);
    }
  }
  return null;
}

async function removeContainer(docker: Docker, id: string | null): Promise<void> {
  if (id === null) return;
  try {
    await docker.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    if (engineStatus(error) === null) throw error; // gone, or being removed, otherwise
  }
}
