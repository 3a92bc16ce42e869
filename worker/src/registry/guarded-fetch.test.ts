import { expect, test } from 'vitest';
import { guardedFetch } from './guarded-fetch.ts';

const ask = (address: string, registry: string) =>
  guardedFetch(address, { headers: {}, signal: AbortSignal.abort(), timeoutMs: 1_000, registry });

test.for([
  ['http://example.com/token', 'example.com', 'not https'],
  ['https://169.254.169.254/latest/', '93.184.216.34', 'inside our own network'],
  ['https://127.0.0.1/token', '93.184.216.34', 'inside our own network'],
  ['https://localhost/token', '10.0.0.1', 'inside our own network'],
  ['file:///etc/passwd', 'localhost:5000', 'not https'],
] as const)('%s is refused when registry %s names it', async ([address, registry, words]) => {
  await expect(ask(address, registry)).rejects.toThrow(words);
});

test.for([
  ['https://10.0.0.1/v2/', '10.0.0.1'],
  ['https://10.0.0.2/token', '10.0.0.1:5000'],
  ['http://localhost:5001/token', 'localhost:5000'],
] as const)('%s is asked when the registry is %s', async ([address, registry]) => {
  await expect(ask(address, registry)).rejects.toThrow('aborted');
});
