import { lookWarning } from '@sluice/pipelines/rollout/place-look';
import { sayInLog } from '../ingest/server-log.ts';
import { listLooks } from '../store/drift-store.ts';
import type { StoredRollout } from '../store/rollout-store.ts';
import type { Unit } from './unit.ts';

/** Before the first wave: what the last looks have found wrong with clusters of the rollout. It refuses nothing. */
export async function warnOfClusters(
  unit: Unit,
  { attempt_id: attemptId, environment, state }: Pick<StoredRollout, 'attempt_id' | 'environment' | 'state'>,
): Promise<void> {
  const { waves } = state.spec;
  if (waves === undefined) return;
  const names = new Set(waves.flat().map(({ name }) => name));
  const looks = [...(await listLooks(unit.trx, environment)).values()];
  const warnings = looks.map((look) =>
    look.cluster !== null && names.has(look.cluster) ? lookWarning(look.cluster, look, unit.at) : null,
  );
  await sayInLog(
    unit,
    attemptId,
    warnings.flatMap((warning) => warning ?? []),
  );
}
