// Signatures as cosign makes and checks them with a key: ECDSA over P-256 with SHA-256, in DER.
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { err, ok, type Result } from '@sluice/pipelines/result';

export interface SigningKey {
  readonly sign: (bytes: Uint8Array) => Buffer;
  /** Whether this key has made the signature. */
  readonly hasSigned: (bytes: Uint8Array, signature: Uint8Array) => boolean;
}

/** Reads a PEM (PKCS #8, or SEC 1). The error says how to make one; it holds nothing of the text. */
export function readSigningKey(pem: string, secret: string): Result<SigningKey, string> {
  const key = parse(pem);
  if (key?.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    const why = /ENCRYPTED/.test(pem)
      ? 'is protected by a passphrase'
      : 'is no private key of the curve P-256';
    return err(
      `The secret "${secret}" ${why}. Make one with openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256, and store its text.`,
    );
  }
  const publicKey = createPublicKey(key);
  return ok({
    sign: (bytes) => sign('sha256', bytes, key),
    hasSigned: (bytes, signature) => verify('sha256', bytes, publicKey, signature),
  });
}

function parse(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem.includes('\\n') && !pem.includes('\n') ? pem.replaceAll('\\n', '\n') : pem);
  } catch {
    return null;
  }
}
