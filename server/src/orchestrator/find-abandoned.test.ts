import { describe, expect, test } from 'vitest';
import { jobIdOf, type JobToAdd } from '../queue/queues.ts';
import type { QueueCommand } from '../store/outbox-store.ts';
import { abandonedFinder } from './find-abandoned.ts';

const work: QueueCommand = {
  kind: 'enqueue-attempt',
  job: { runId: '01890000-0000-7000-8000-000000000000', stage: 'test', attempt: 1 },
};
const id = jobIdOf(work);

/** Queues as the test says they are: `waiting` and `taken` hold ids of jobs. */
function aFinder() {
  const queues = { waiting: new Set<string>(), taken: new Set<string>() };
  const find = abandonedFinder({
    taken: () => Promise.resolve(queues.taken),
    missing: (jobs) =>
      Promise.resolve(
        jobs.filter((job) => !queues.waiting.has(jobIdOf(job)) && !queues.taken.has(jobIdOf(job))),
      ),
  });
  const look = async (now: number): Promise<readonly string[]> => {
    const found: readonly JobToAdd[] = await find([work], now);
    for (const job of found) queues.waiting.add(jobIdOf(job));
    return found.map(jobIdOf);
  };
  return { queues, find, look };
}

describe('work that a worker took and never claimed', () => {
  test('is offered again under another id, once its worker had time to claim it', async () => {
    const { queues, look } = aFinder();
    queues.taken.add(id);
    expect(await look(0)).toEqual([]);
    expect(await look(4_999)).toEqual([]);
    expect(await look(5_000)).toEqual([`${id}-again-1`]);
  });

  test('is not offered a third time while the second offer waits for a worker', async () => {
    const { queues, look } = aFinder();
    queues.taken.add(id);
    await look(0);
    await look(5_000);
    expect(await look(60_000)).toEqual([]);
  });

  test.each(['dies too', 'drops it'])('is offered once more when the next worker %s', async (end) => {
    const { queues, look } = aFinder();
    queues.taken.add(id);
    await look(0);
    await look(5_000);
    queues.waiting.clear();
    if (end === 'dies too') queues.taken.add(`${id}-again-1`);
    expect(await look(10_000)).toEqual([]);
    expect(await look(15_000)).toEqual([`${id}-again-2`]);
  });

  test('that waits in the queue is left alone, however long', async () => {
    const { queues, look } = aFinder();
    queues.waiting.add(id);
    await look(0);
    expect(await look(60_000)).toEqual([]);
  });

  test('that is claimed is forgotten', async () => {
    const { queues, find, look } = aFinder();
    queues.taken.add(id);
    await look(0);
    await find([], 1_000);
    expect(await look(6_000)).toEqual([]);
  });
});
