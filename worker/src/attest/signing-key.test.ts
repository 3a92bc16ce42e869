import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readSigningKey } from './signing-key.ts';

const pem = (curve: string): string =>
  generateKeyPairSync('ec', { namedCurve: curve })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

test('a key of P-256 signs, and knows its own signatures from those of others', () => {
  const [own, other] = [readSigningKey(pem('P-256'), 'k'), readSigningKey(pem('P-256'), 'k')];
  if (!own.ok || !other.ok) throw new Error('no key');
  const bytes = Buffer.from('what is signed');
  expect(own.value.hasSigned(bytes, own.value.sign(bytes))).toBe(true);
  expect(own.value.hasSigned(bytes, other.value.sign(bytes))).toBe(false);
  expect(own.value.hasSigned(bytes, Buffer.from('no signature'))).toBe(false);
});

test('a key whose line ends were lost on the way is read', () => {
  expect(readSigningKey(pem('P-256').replaceAll('\n', '\\n'), 'k').ok).toBe(true);
});

test.each([
  ['another curve', pem('P-384')],
  ['a key with a passphrase', '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nhunter2hunter2'],
  ['no key at all', 'hunter2hunter2'],
  ['nothing', ''],
])('%s is refused with the command that makes one, and nothing of it is repeated', (_what, text) => {
  const read = readSigningKey(text, 'signing');
  expect(read.ok ? '' : read.error).toMatch(/^The secret "signing" .*openssl genpkey/s);
  expect(JSON.stringify(read)).not.toContain('hunter2');
});
