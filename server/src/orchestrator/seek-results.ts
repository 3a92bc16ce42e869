// Stages that may take over how they ended in another run. Which files a commit has is asked of Git first, outside
// of any transaction; the answer is then folded like everything else. Two servers may look at once: one is heard.
import type { RunEvent } from '@sluice/pipelines/run/run-state';
import type { ServerContext } from '../context.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import {
  peekIntoOutbox,
  postponeInOutbox,
  removeFromOutbox,
  seekKinds,
  type OutboxEntry,
  type SeekCommand,
} from '../store/outbox-store.ts';
import { insertResult } from '../store/result-store.ts';
import { findRun, isPlanned, lockRun } from '../store/run-store.ts';
import { findResultFor, type FoundResult } from './find-result.ts';
import { foldRun } from './fold-run.ts';
import { startPump } from './pump.ts';
import { inUnit } from './unit.ts';

const restMs = 1_000;
const atOnce = 8;
/** Then the stage runs: a look that fails may cost time, never a run. */
const mostTries = 5;

/** Starts what answers `seek-result`. Closing waits for the looks under way. */
export function startResultSeeker(context: ServerContext, mirrors: Mirrors): { close(): Promise<void> } {
  const work = () => seekResults(context, mirrors);
  const seeker = startPump({ name: 'results', log: context.log, work });
  const stopListening = context.news.listen((message) => {
    if (message.kind === 'outbox') seeker.wake();
  });
  return {
    async close() {
      stopListening();
      await seeker.close();
    },
  };
}

/** Answers what is due, and returns how long it may rest. */
export async function seekResults(context: ServerContext, mirrors: Mirrors): Promise<number> {
  const options = { now: context.now(), limit: atOnce };
  const due = await peekIntoOutbox<SeekCommand>(context.db, seekKinds, options);
  await Promise.all(due.map((entry) => seek(context, mirrors, entry)));
  return due.length === atOnce ? 0 : restMs;
}

async function seek(
  context: ServerContext,
  mirrors: Mirrors,
  entry: OutboxEntry<SeekCommand>,
): Promise<void> {
  const { runId, stage } = entry.command;
  try {
    const run = await findRun(context.db, runId);
    const isOver = run === null || !isPlanned(run) || run.finishedAt !== null;
    const found = isOver ? unanswered : await findResultFor(context, mirrors, run, stage);
    await answer(context, entry, found);
  } catch (error) {
    const tries = entry.tries + 1;
    context.log.error({ err: error, runId, stage, tries }, 'a look for a run with the same inputs failed');
    if (tries >= mostTries) return answer(context, entry, unanswered);
    const delayMs = 250 * 2 ** entry.tries;
    await inUnit(context, ({ trx, at }) => postponeInOutbox(trx, entry.id, tries, at + delayMs));
  }
}

const unanswered: FoundResult = {
  kind: 'none',
  reason: 'whether its inputs have changed is not known: the look failed',
  key: null,
};

async function answer(
  context: ServerContext,
  { id, command: { runId, stage } }: OutboxEntry<SeekCommand>,
  found: FoundResult,
): Promise<void> {
  await inUnit(context, async (unit) => {
    await removeFromOutbox(unit.trx, [id]);
    const run = await lockRun(unit.trx, runId);
    if (run === null || !isPlanned(run)) return;
    const isHeard = (await foldRun(unit, run, [eventOf(stage, found, unit.at)])) !== run;
    if (!isHeard || found.kind === 'found' || found.key === null) return;
    const { hash: key_hash, scope } = found.key;
    await insertResult(unit.trx, { run_id: runId, stage, repository_id: run.repositoryId, scope, key_hash });
  });
}

function eventOf(stage: string, found: FoundResult, at: number): RunEvent {
  if (found.kind === 'none') return { kind: 'stage-not-reused', stage, reason: found.reason, at };
  const { attempt, outputs, steps } = found.end;
  return { kind: 'stage-reused', stage, from: found.from, attempt, outputs, steps, at };
}
