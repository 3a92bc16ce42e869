import { closeServerLog, sayInLog } from '../ingest/server-log.ts';
import { appendLogChunks } from '../store/log-store.ts';
import type { Decided } from './decide-changes.ts';
import { storeFolds } from './fold-run.ts';
import type { Unit } from './unit.ts';

/** Stores all that was decided, in the transaction that holds its runs and attempts. */
export async function storeDecided(unit: Unit, { ends, attempts, folds }: Decided): Promise<void> {
  await storeFolds(unit, folds, attempts);
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
}
