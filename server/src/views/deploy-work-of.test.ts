import { expect, test } from 'vitest';
import { deployWorkOf } from './deploy-work-of.ts';

const file = (deploy: string): string => `on: push
stages:
  image: { build: {} }
  push: { needs: [image], push: { of: image, to: r.io/x } }
  ship: { needs: [push], deploy: { environment: prod, image: push, container: { port: 80 }, ${deploy} } }
`;

test('the settings of a deploy stage are taken from the file', () => {
  expect(deployWorkOf(file('strategy: canary, confidence: 99%'), 'ship')).toMatchObject({
    ok: true,
    value: { kind: 'deploy', confidence: 0.99 },
  });
});

test('a stage that is not there is answered with those that are', () => {
  expect(deployWorkOf(file('strategy: canary'), 'deploy')).toMatchObject({
    ok: false,
    error: { reason: 'no-deploy-stage', message: expect.stringContaining('its deploy stages: ship') },
  });
});

test('a file with mistakes is answered with them', () => {
  expect(deployWorkOf(file('strategie: canary'), 'ship')).toMatchObject({
    ok: false,
    error: { reason: 'broken-pipeline', message: expect.stringContaining('Did you mean "strategy"?') },
  });
});
