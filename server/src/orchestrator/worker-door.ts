import { gather } from '@sluice/pipelines/protocol/gather';
import type { ServerContext } from '../context.ts';
import { findAttempts, type Attempt } from '../store/attempt-store.ts';
import { ownTransactions, shareTransactions } from './change-runs.ts';
import { findSuppliesOf, type StagePlace, type Supplies } from './find-supplies.ts';
import type { ChangeRun } from './run-change.ts';

/** The database as workers' claims and reports reach it. */
export interface WorkerDoor {
  readonly change: ChangeRun;
  /** What a stage needs beside its plan; null: there is no such stage. */
  readonly findSupplies: (place: StagePlace) => Promise<Supplies | null>;
  readonly findAttempt: (id: string) => Promise<Attempt | undefined>;
}

/** Whatever comes at the same time shares round trips and transactions. One for each server. */
export function openWorkerDoor(context: ServerContext): WorkerDoor {
  const limits = { most: 200, atOnce: 2, soon: setImmediate };
  const attempts = gather<string, Attempt | undefined>(async (ids) => {
    const found = new Map((await findAttempts(context.db, ids)).map((attempt) => [attempt.id, attempt]));
    return ids.map((id) => found.get(id));
  }, limits);
  return {
    change: shareTransactions(context),
    findSupplies: gather((places) => findSuppliesOf(context, places), limits),
    findAttempt: attempts,
  };
}

/** For one claim or report. */
export function doorOfOne(context: ServerContext): WorkerDoor {
  return { ...openWorkerDoor(context), change: ownTransactions(context) };
}
