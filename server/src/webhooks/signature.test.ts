import { expect, test } from 'vitest';
import { isSignedBy, sign } from './signature.ts';

// The example of GitHub's documentation, "Validating webhook deliveries".
const secret = "It's a Secret to Everybody";
const body = Buffer.from('Hello, World!');
const documented = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

test("our signature is the one of GitHub's documentation", () => {
  expect(sign(secret, body)).toBe(documented);
  expect(isSignedBy(secret, body, documented)).toBe(true);
});

test.each([
  undefined,
  '',
  'sha256=',
  documented.slice(0, -1),
  documented.replace('7', '8'),
  `sha1=${'0'.repeat(64)}`,
])('%j is refused', (signature) => expect(isSignedBy(secret, body, signature)).toBe(false));
