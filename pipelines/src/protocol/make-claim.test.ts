import { expect, test } from 'vitest';
import { registryCredentials } from './make-claim.ts';

test('registries are read a line each, and a line that is not whole is left out', () => {
  const text = 'registry.example.com robot pass word\n\nbroken\n  other:5000 me secret ';
  expect(registryCredentials({ SLUICE_REGISTRIES: text })).toEqual([
    { host: 'registry.example.com', username: 'robot', password: 'pass word' },
    { host: 'other:5000', username: 'me', password: 'secret' },
  ]);
});
