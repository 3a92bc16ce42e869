import { sayInLog } from '../ingest/server-log.ts';
import type { StoredRollout } from '../store/rollout-store.ts';
import type { Unit } from './unit.ts';

/** Into the log of the rollout's stage, which all clusters of a rollout over several share: there, each says who it is. */
export async function sayInRollout(
  unit: Unit,
  { attempt_id: attemptId, cluster }: Pick<StoredRollout, 'attempt_id' | 'cluster'>,
  lines: readonly string[],
): Promise<void> {
  await sayInLog(unit, attemptId, cluster === null ? lines : lines.map((line) => `${cluster}: ${line}`));
}
