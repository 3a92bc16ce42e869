import { expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.ts';

const withPod = (pod: string): string => `name: a
on: { push: {} }
stages:
  test:
    image: node:20
    pod: ${pod}
    steps: [npm test]
`;

test('a stage says what its pod needs, and what it does not say is left to the operator', () => {
  const parsed = parsePipeline(
    withPod('{ node_selector: { disk: ssd }, tolerations: [{ key: gpu }] }'),
    'a.yml',
  );
  expect(parsed).toMatchObject({
    definition: {
      stages: [
        {
          work: {
            pod: {
              serviceAccount: null,
              nodeSelector: { disk: 'ssd' },
              tolerations: [{ key: 'gpu', value: null, effect: null }],
              runtimeClass: null,
            },
          },
        },
      ],
    },
  });
});

test.each([
  ['{ service_account: Deploy_er }', /must be a Kubernetes name/],
  ['{ node_selector: ssd }', /must be a map/],
  ['{ privileged: true }', /privileged/],
])('%s is refused', (pod, words) => {
  const parsed = parsePipeline(withPod(pod), 'a.yml');
  expect(JSON.stringify(parsed.diagnostics)).toMatch(words);
  expect(parsed.definition).toBeNull();
});
