import { closeServerLog, sayInLog } from '../ingest/server-log.ts';
import { saveAttempts } from '../store/attempt-store.ts';
import { appendLogChunks } from '../store/log-store.ts';
import type { Decided } from './decide-changes.ts';
import { storeFolds } from './fold-run.ts';
import type { Unit } from './unit.ts';

/** Attempts before runs: what follows from a fold, such as a cancel, looks at the attempt as it is now. */
export async function storeDecided(unit: Unit, { ends, attempts, folds }: Decided): Promise<void> {
  await saveAttempts(
    unit.trx,
    attempts.map((attempt) => ({
      id: attempt.id,
      status: attempt.status,
      fence: attempt.fence,
      worker_id: attempt.worker_id,
      lease_until: attempt.lease_until,
      started_at: attempt.started_at,
      finished_at: attempt.finished_at,
      acknowledged: attempt.acknowledged,
      log_lines: attempt.log_lines,
      stated_lines: attempt.stated_lines,
      stated_digest: attempt.stated_digest,
      verified: attempt.verified,
    })),
  );
  for (const end of ends) {
    if (end.kind !== 'decided') continue;
    const { attempt, decision } = end;
    await appendLogChunks(unit.trx, attempt.id, decision.chunks ?? []);
    if (decision.over !== undefined) {
      await sayInLog(unit, attempt.id, [decision.over]);
      await closeServerLog(unit, attempt.id, 'over');
    }
    for (const message of decision.news ?? []) unit.tell(message);
  }
  await storeFolds(unit, folds);
}
