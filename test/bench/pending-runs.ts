import type { RunSummary } from '@sluice/pipelines/protocol/api';
import type { ApiClient } from '../../cli/src/api-client.ts';
import type { TestRepository } from '../rig/repository.ts';
import { eventually } from '../rig/sluice.ts';
import { signedPush } from './signed-push.ts';

export interface Started {
  /** Until the last delivery was stored and answered. */
  readonly acceptedMs: number;
  /** Until the last run was there. */
  readonly startedMs: number;
}

/** Starts this many runs of a commit by as many deliveries, 20 at a time. */
export async function startRuns(
  { url, api }: { readonly url: string; readonly api: ApiClient },
  repository: TestRepository,
  commit: string,
  count: number,
): Promise<Started> {
  const newest = async (): Promise<number> => {
    const { runs } = await api.call<{ runs: readonly RunSummary[] }>('GET', '/api/runs?limit=1');
    return runs[0]?.number ?? 0;
  };
  const before = await newest();
  const startedAt = performance.now();
  let sent = 0;
  const send = async (): Promise<void> => {
    while (sent < count) {
      sent += 1;
      await signedPush(url, repository, commit, 'waiting').post();
    }
  };
  await Promise.all(Array.from({ length: 20 }, send));
  const acceptedMs = performance.now() - startedAt;
  await eventually('the runs', async () => ((await newest()) >= before + count ? true : null), 600_000);
  return { acceptedMs, startedMs: performance.now() - startedAt };
}

const waits = `name: waits\non: { push: {} }\nstages:\n  gate: { approve: {} }\n  go: { needs: [gate], image: busybox, steps: ['true'] }\n`;

/** Starts runs that wait for an approval. */
export async function startPending(
  sluice: { readonly url: string; readonly api: ApiClient },
  repository: TestRepository,
  count: number,
): Promise<void> {
  const commit = repository.commit({ '.sluice.yml': waits }, 'waits', 'waiting');
  await startRuns(sluice, repository, commit, count);
}
