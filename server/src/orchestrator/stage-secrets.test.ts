import { expect, test } from 'vitest';
import { requireSecrets } from './stage-secrets.ts';

test('a missing secret is named, with the way to set it', () => {
  const result = requireSecrets('shop', ['HERE', 'ABSENT'], { HERE: 'x' });
  expect(result).toMatchObject({ ok: false, error: expect.stringContaining('"ABSENT"') });
  expect(result).toMatchObject({ error: expect.stringContaining('PUT /api/secrets/ABSENT') });
});

test('an inherited property is no secret', () => {
  expect(requireSecrets('shop', ['constructor'], {}).ok).toBe(false);
});
