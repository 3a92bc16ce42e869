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
  /** The run of an attempt, which never changes. */
  readonly runOf: (attemptId: string) => Promise<string | undefined>;
  /** The attempt was given out a moment ago and will soon be reported on. */
  readonly noteRun: (attemptId: string, runId: string) => void;
}

/** Whatever comes at the same time shares round trips and transactions. One for each server. */
export function openWorkerDoor(context: ServerContext): WorkerDoor {
  const limits = { most: 200, atOnce: 2, soon: setImmediate };
  const runs = new Map<string, string>();
  const noteRun = (attemptId: string, runId: string): void => {
    runs.set(attemptId, runId);
    const [oldest] = runs.keys();
    if (runs.size > mostNoted && oldest !== undefined) runs.delete(oldest);
  };
  const find = gather<string, Attempt | undefined>(async (ids) => {
    const found = new Map((await findAttempts(context.db, ids)).map((attempt) => [attempt.id, attempt]));
    return ids.map((id) => found.get(id));
  }, limits);
  const findAttempt = async (id: string): Promise<Attempt | undefined> => {
    const attempt = await find(id);
    if (attempt !== undefined) noteRun(id, attempt.run_id);
    return attempt;
  };
  return {
    change: shareTransactions(context),
    findSupplies: gather((places) => findSuppliesOf(context, places), limits),
    findAttempt,
    runOf: async (id) => runs.get(id) ?? (await findAttempt(id))?.run_id,
    noteRun,
  };
}

const mostNoted = 10_000;

/** For one claim or report. */
export function doorOfOne(context: ServerContext): WorkerDoor {
  return { ...openWorkerDoor(context), change: ownTransactions(context) };
}
