import { createHmac, timingSafeEqual } from 'node:crypto';

/** `sha256=` and the HMAC (hex) of the raw body: what GitHub and our generic hook send. */
export function sign(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Takes the same time whatever differs. A missing signature is a wrong one. */
export function isSignedBy(secret: string, body: Uint8Array, signature: string | undefined): boolean {
  const expected = Buffer.from(sign(secret, body));
  const given = Buffer.from(signature ?? '');
  const comparable = given.length === expected.length ? given : Buffer.alloc(expected.length);
  return timingSafeEqual(expected, comparable);
}
