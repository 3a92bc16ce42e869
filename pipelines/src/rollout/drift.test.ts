import { expect, test } from 'vitest';
import { differenceInWords, driftOf, type Seen } from './drift.ts';

const released = { version: 'r7-1a2b3c4', image: 'shop@sha256:7', replicas: 3 };
const nobody = { image: null, replicas: null };
const asReleased: Seen = { kind: 'found', ...released, weightPercent: null, changedBy: nobody };

const words = (seen: Partial<Extract<Seen, { kind: 'found' }>>): readonly string[] =>
  driftOf(released, { ...asReleased, ...seen }).map(differenceInWords);

test('what runs as it was released is no drift', () => {
  expect(words({})).toEqual([]);
  expect(words({ version: null, weightPercent: 100 })).toEqual([]);
  expect(driftOf({ ...released, replicas: null }, { ...asReleased, replicas: 9 })).toEqual([]);
});

test('each thing that was changed is named, with who did it where that is known', () => {
  const changedBy = { image: 'kubectl-set', replicas: 'kubectl-scale' };
  expect(words({ image: 'shop:evil', replicas: 1, weightPercent: 40, changedBy })).toEqual([
    'image is shop:evil instead of shop@sha256:7, changed by kubectl-set',
    'replicas is 1 instead of 3, changed by kubectl-scale',
    'traffic is 40 % instead of 100 %',
  ]);
  expect(words({ version: 'r6-0000000' })).toEqual(['version is r6-0000000 instead of r7-1a2b3c4']);
  expect(driftOf(released, { kind: 'gone' }).map(differenceInWords)).toEqual(['r7-1a2b3c4 is gone']);
});

test('replicas that an autoscaler has chosen are as they should be', () => {
  expect(words({ replicas: 9, changedBy: { image: null, replicas: 'kube-controller-manager' } })).toEqual([]);
});
