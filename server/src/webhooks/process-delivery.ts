import { unreachable } from '@sluice/pipelines/result';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import type { ServerContext } from '../context.ts';
import { startRun } from '../orchestrator/start-run.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import type { ClaimedDelivery } from '../store/delivery-store.ts';
import { channelKinds } from '../store/notification-store.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { lookAtSchedules } from '../store/schedule-store.ts';
import { interpretDelivery } from './interpret-delivery.ts';
import { contentOf, prepareRuns, startable, type PreparedPipeline } from './prepare-runs.ts';

export type DeliveryOutcome =
  /** `reasons`: why other pipelines of the repository were not. */
  | { readonly kind: 'started'; readonly runIds: readonly string[]; readonly reasons: readonly string[] }
  | { readonly kind: 'ignored'; readonly reasons: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string; readonly isTemporary: boolean }
  /** This server ends: the next one does it. */
  | { readonly kind: 'interrupted' };

/** Doing it again for the same delivery starts nothing twice. A rejected promise means that we failed. */
export async function processDelivery(
  context: ServerContext,
  mirrors: Mirrors,
  delivery: ClaimedDelivery,
): Promise<DeliveryOutcome> {
  const repository = await findRepository(context, delivery.repositoryId);
  if (repository === null) return ignored('The repository was removed from Sluice.');
  const meaning = interpretDelivery(delivery.provider, delivery.event, JSON.parse(delivery.body));
  if (meaning.kind === 'ignored') return ignored(meaning.reason);
  const { trigger } = meaning;
  if (trigger.event === 'push' && trigger.branch === repository.defaultBranch)
    await lookAtSchedules(context.db, repository.id, context.now());
  return start(context, mirrors, repository, trigger, delivery.id);
}

async function start(
  context: ServerContext,
  mirrors: Mirrors,
  repository: Repository,
  trigger: Trigger,
  deliveryId: string,
): Promise<DeliveryOutcome> {
  const prepared = await prepareRuns(mirrors, repository, trigger, () => channelKinds(context.db));
  switch (prepared.kind) {
    case 'unreadable':
      if (prepared.problem.reason === 'server-ends') return { kind: 'interrupted' };
      return { kind: 'failed', reason: prepared.problem.message, isTemporary: prepared.problem.isTemporary };
    case 'no-file':
      return ignored(prepared.reason);
    case 'read': {
      const reasons = whyFiltered(prepared.pipelines);
      const { project, id: repositoryId } = repository;
      const runIds: string[] = [];
      for (const each of startable(prepared.pipelines)) {
        const content = contentOf(each);
        const run = { project, repositoryId, trigger, pipeline: each.pipeline, content, deliveryId };
        runIds.push((await startRun(context, run)).runId);
      }
      return runIds.length === 0 ? ignored(...reasons) : { kind: 'started', runIds, reasons };
    }
    default:
      return unreachable(prepared);
  }
}

/** With the file before each reason where there are several. */
function whyFiltered(pipelines: readonly PreparedPipeline[]): readonly string[] {
  return pipelines.flatMap((each) =>
    each.kind === 'filtered'
      ? each.reasons.map((reason) => (pipelines.length === 1 ? reason : `${each.file}: ${reason}.`))
      : [],
  );
}

const ignored = (...reasons: readonly string[]): DeliveryOutcome => ({ kind: 'ignored', reasons });
