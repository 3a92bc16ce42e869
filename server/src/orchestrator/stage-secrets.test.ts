import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { expect, test } from 'vitest';
import { registryCredentials, requireSecrets, resolveEnv, secretNamesOf } from './stage-secrets.ts';

test('a missing secret is named, with the way to set it', () => {
  const result = requireSecrets('shop', ['HERE', 'ABSENT'], { HERE: 'x' });
  expect(result).toMatchObject({ ok: false, error: expect.stringContaining('"ABSENT"') });
  expect(result).toMatchObject({ error: expect.stringContaining('PUT /api/secrets/ABSENT') });
});

test('an inherited property is no secret', () => {
  expect(requireSecrets('shop', ['constructor'], {}).ok).toBe(false);
});

test('references are replaced by values, texts stay', () => {
  const env = { A: { kind: 'text', text: 'plain' }, B: { kind: 'secret', secret: 'TOKEN' } } as const;
  expect(resolveEnv(env, { TOKEN: 's3cret' })).toEqual({ A: 'plain', B: 's3cret' });
});

test('registries are read a line each, and a line that is not whole is left out', () => {
  const text = 'registry.example.com robot pass word\n\nbroken\n  other:5000 me secret ';
  expect(registryCredentials({ SLUICE_REGISTRIES: text })).toEqual([
    { host: 'registry.example.com', username: 'robot', password: 'pass word' },
    { host: 'other:5000', username: 'me', password: 'secret' },
  ]);
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
