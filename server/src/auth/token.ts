import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits. The prefix lets secret scanners and people recognise it. */
export function newToken(): string {
  return `sluice_${randomBytes(32).toString('base64url')}`;
}

/** What the database keeps of a token: SHA-256, hexadecimal. A random token needs no slow hash. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares in a time that tells nothing about either. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
