// `npm run test:soak` does the same with ten workers and 200 runs for ten minutes.
import { expect, test } from 'vitest';
import { soak } from '../soak/soak.ts';

test('workers killed again and again under runs on their host lose nothing, repeat nothing and leave nothing', async () => {
  const runs = 4;
  const figures = await soak({
    workers: 3,
    concurrentRuns: runs,
    forMs: 0,
    fewestKills: 10,
    mostKills: 14,
    killEveryMs: 1_500,
    seed: 7,
    say: () => undefined,
  });
  expect(figures.problems).toEqual([]);
  expect(figures).toMatchObject({ runsEndedRight: runs, mostConcurrentRuns: runs, orphans: 0 });
  expect(figures.kills).toBeGreaterThanOrEqual(10);
  expect(figures.adoptions).toBeGreaterThan(0);
});
