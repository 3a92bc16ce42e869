import { expect, test } from 'vitest';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import { readTarget, targetFields } from './target-fields.ts';

test.each<EnvironmentTarget>([
  { kind: 'docker', service: 'shop', listenHost: '0.0.0.0', listenPort: 80 },
  { kind: 'kubernetes', namespace: 'shop', kubeconfigSecret: null, prometheusUrl: 'http://prometheus:9090' },
])('the form of a $kind environment gives back what it was given', (target) => {
  expect(readTarget(targetFields(target))).toEqual(target);
});

test('an optional field that was emptied means none', () => {
  const fields = {
    ...targetFields(null),
    kind: 'kubernetes' as const,
    namespace: 'shop',
    prometheusUrl: ' ',
  };
  expect(readTarget(fields)).toMatchObject({ prometheusUrl: null, kubeconfigSecret: null });
});
