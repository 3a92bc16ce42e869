// What workers claim and report changes runs and attempts. Every change is durable before its caller hears of it;
// those that come while a transaction is under way share the next one, so its round trips and its commit are paid once.
import { gather } from '@sluice/pipelines/protocol/gather';
import type { ServerContext } from '../context.ts';
import { isPlanned, lockFreeRuns, lockRun, type Run } from '../store/run-store.ts';
import { lockAttempts } from '../store/attempt-store.ts';
import { decideChanges, type ChangeEnd } from './decide-changes.ts';
import type { ChangeRun, RunChange } from './run-change.ts';
import { storeDecided } from './store-decided.ts';
import { inUnit, type Unit } from './unit.ts';

type Needs = Pick<ServerContext, 'db' | 'now' | 'newId' | 'news'>;

/** What the database takes at once without keeping those who wait for long. */
const limits = { most: 200, atOnce: 1, soon: setImmediate };

/**
 * Changes share transactions. A change whose run somebody else holds waits for it alone, and so does each change of a
 * batch that could not be stored: none of them delays or spoils another.
 */
export function shareTransactions(context: Needs): ChangeRun {
  const share = gather<RunChange<null>, ChangeEnd | 'alone'>(
    (changes) => changeTogether(context, changes),
    limits,
  );
  return async (change) => {
    const { asked, answer } = keepAnswer(change);
    const end = await share(asked);
    return end === 'alone' ? answer(await changeOne(context, asked)) : answer(end);
  };
}

/** Each change has a transaction of its own, which waits for the run. */
export function ownTransactions(context: Needs): ChangeRun {
  return async (change) => {
    const { asked, answer } = keepAnswer(change);
    return answer(await changeOne(context, asked));
  };
}

async function changeTogether(
  context: Needs,
  changes: readonly RunChange<null>[],
): Promise<readonly (ChangeEnd | 'alone')[]> {
  const ids = [...new Set(changes.map(({ runId }) => runId))];
  try {
    return await inUnit(context, async (unit) => {
      const runs = await lockFreeRuns(unit.trx, ids);
      const free = new Set(runs.map(({ id }) => id));
      const ends = await decideAndStore(
        unit,
        runs,
        changes.filter(({ runId }) => free.has(runId)),
      );
      const next = ends.values();
      return changes.map(({ runId }) => (free.has(runId) ? (next.next().value ?? 'alone') : 'alone'));
    });
  } catch (error) {
    if (changes.length === 1) throw error;
    return changes.map(() => 'alone');
  }
}

async function changeOne(context: Needs, change: RunChange<null>): Promise<ChangeEnd> {
  const [end] = await inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, change.runId);
    return decideAndStore(unit, run === null ? [] : [run], [change]);
  });
  return end ?? { kind: 'unknown' };
}

async function decideAndStore(
  unit: Unit,
  runs: readonly Run[],
  changes: readonly RunChange<null>[],
): Promise<readonly ChangeEnd[]> {
  if (changes.length === 0) return [];
  const wanted = changes.map(({ attempt }) => attempt);
  const attempts = await lockAttempts(unit.trx, {
    ids: wanted.flatMap((key) => ('id' in key ? [key.id] : [])),
    keys: wanted.flatMap((key) => ('id' in key ? [] : [key])),
  });
  const decided = decideChanges(changes, { runs: runs.filter(isPlanned), attempts }, unit.at);
  await storeDecided(unit, decided);
  return decided.ends;
}

/** The answer is kept here, so that changes with different answers may go together. */
function keepAnswer<Answer>(change: RunChange<Answer>): {
  readonly asked: RunChange<null>;
  readonly answer: (end: ChangeEnd) => Answer | null;
} {
  let kept: Answer | null = null;
  return {
    asked: {
      ...change,
      decide: (held) => {
        const decision = change.decide(held);
        kept = decision.answer;
        return { ...decision, answer: null };
      },
    },
    answer: (end) => {
      if (end.kind === 'failed') throw end.error;
      if (end.kind === 'unknown') return null;
      end.decision.onStored?.();
      return kept;
    },
  };
}
