import { expect, test } from 'vitest';
import { kubeObject } from '../kube-objects.ts';
import { readRolloutLease, rolloutLease, type RolloutPromise } from './rollout-lease.ts';

const promise: RolloutPromise = {
  provider: { kind: 'httproute', name: 'shop.v2' },
  service: 'shop',
  release: { installation: 'i', environment: 'production', version: 'r13' },
  replicas: 3,
  holdsMs: 60_000,
};
const stored = (change: (lease: ReturnType<typeof plain>) => unknown = (lease) => lease) =>
  readRolloutLease(kubeObject.parse(change(plain())));
const plain = () => {
  const { metadata, ...rest } = rolloutLease(promise, 1_795_313_000_123);
  return { ...rest, metadata: { ...metadata, resourceVersion: '7' } };
};
const annotated = (annotations: Readonly<Record<string, string>>) =>
  stored((lease) => ({
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, ...annotations } },
  }));

test('what an engine promises is read back as it was written', () => {
  expect(stored()).toEqual({
    ...promise,
    name: 'sluice-guard-shop',
    resourceVersion: '7',
    renewal: '2026-11-22T02:03:20.123000Z',
    silentSeconds: null,
    guard: null,
    restored: null,
  });
});

test('one that a guard has taken stays taken, whatever somebody writes over its figure', () => {
  expect(annotated({ 'sluice.dev/engine-silent-seconds': '63' })?.silentSeconds).toBe(63);
  expect(annotated({ 'sluice.dev/engine-silent-seconds': 'long' })?.silentSeconds).toBe(60);
});

test('one that no engine of ours has written is none', () => {
  expect(annotated({ 'sluice.dev/router': 'httproute/../../secrets/x' })).toBeNull();
  expect(annotated({ 'sluice.dev/router': 'replicas' })).toBeNull();
  expect(annotated({ 'sluice.dev/service': 'cart' })).toBeNull();
  expect(stored((lease) => ({ ...lease, spec: {} }))).toBeNull();
  expect(
    stored((lease) => ({ ...lease, metadata: { ...lease.metadata, labels: { sluice: 'i' } } })),
  ).toBeNull();
});
