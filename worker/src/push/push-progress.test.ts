import { expect, test } from 'vitest';
import { createPushProgress } from './push-progress.ts';

const pushing = (id: string, current: number) => ({
  id,
  status: 'Pushing',
  progressDetail: { current, total: 2_000_000 },
});

test('a line for each layer that is there, and a sum of the others every three seconds', () => {
  const progress = createPushProgress();
  expect(progress.accept({ id: 'aaa', status: 'Layer already exists' }, 0)).toEqual([
    'aaa: layer already exists',
  ]);
  expect(progress.accept(pushing('bbb', 500_000), 100)).toEqual([]);
  expect(progress.accept(pushing('ccc', 1_000_000), 200)).toEqual([]);
  expect(progress.accept(pushing('bbb', 1_500_000), 3_100)).toEqual(['2 layers under way: 2.5 MB of 4.0 MB']);
  expect(progress.accept(pushing('bbb', 1_600_000), 3_200)).toEqual([]);
  expect(progress.accept({ id: 'bbb', status: 'Pushed' }, 3_300)).toEqual(['bbb: pushed']);
  expect(progress.accept({ status: 'latest: digest: sha256:… size: 1' }, 9_000)).toEqual([]);
});
