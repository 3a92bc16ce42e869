import type { Observation } from '@sluice/pipelines/rollout/rollout-state';
import type { Database } from './database.ts';

/** What was last read of an environment's past. */
export interface KnownPast {
  readonly at: number;
  readonly days: NonNullable<Observation['days']>;
  readonly history: NonNullable<Observation['history']>;
}

const rolloutsToSearch = 20;
/** The past is read before anything is deployed: among the first answers of a rollout. */
const eventsToSearch = 12;

/** Null: no rollout of this environment has been told of it lately. */
export async function findKnownPast(db: Database, environment: string): Promise<KnownPast | null> {
  const rollouts = await db
    .selectFrom('rollouts')
    .select('id')
    .where('environment', '=', environment)
    .orderBy('created_at', 'desc')
    .limit(rolloutsToSearch)
    .execute();
  for (const { id } of rollouts) {
    const events = await db
      .selectFrom('rollout_events')
      .select('event')
      .where('rollout_id', '=', id)
      .where('seq', '<=', eventsToSearch)
      .orderBy('seq')
      .execute();
    for (const { event } of events) {
      if (event.kind !== 'action-finished' || event.result.result !== 'done') continue;
      const { observation } = event.result;
      if (observation?.days === undefined || Object.keys(observation.days).length === 0) continue;
      return { at: observation.at, days: observation.days, history: observation.history ?? {} };
    }
  }
  return null;
}
