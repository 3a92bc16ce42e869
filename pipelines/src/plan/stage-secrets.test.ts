import { expect, test } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { resolveEnv, secretNamesOf } from './stage-secrets.ts';

test('references are replaced by values, texts stay', () => {
  const env = { A: { kind: 'text', text: 'plain' }, B: { kind: 'secret', secret: 'TOKEN' } } as const;
  expect(resolveEnv(env, { TOKEN: 's3cret' })).toEqual({ A: 'plain', B: 's3cret' });
});

test('secrets of an image build are given out with its stage', () => {
  const file = 'on: push\nstages:\n  a: { build: { secrets: [npm-token, npm-token, pip] } }\n';
  const [stage] = parsePipeline(file, 'x.yml').definition?.stages ?? [];
  if (stage === undefined) throw new Error('no stage');
  expect(secretNamesOf(stage.env, stage.work)).toEqual(['npm-token', 'pip']);
});

test('secrets of steps and of the services beside them are given out with the stage', () => {
  const file = `on: push
stages:
  a:
    image: x
    env: { A: { secret: of-stage } }
    services: { db: { image: y, env: { PASSWORD: { secret: of-service } } } }
    steps: [{ run: x, env: { B: { secret: of-step } } }]
`;
  const [stage] = parsePipeline(file, 'x.yml').definition?.stages ?? [];
  if (stage === undefined) throw new Error('no stage');
  expect(secretNamesOf(stage.env, stage.work)).toEqual(['of-stage', 'of-step', 'of-service']);
});
