import { createHash } from 'node:crypto';

export interface Measured {
  readonly sha256: string;
  readonly bytes: number;
}

/** Passes chunks on; `end` says what they were together. Stops with BlobTooLargeError behind `limitBytes`. */
export function measureBytes(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
): { readonly chunks: AsyncGenerator<Uint8Array>; readonly end: () => Measured } {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new BlobTooLargeError();
      hash.update(chunk);
      yield chunk;
    }
  }
  return { chunks: chunks(), end: () => ({ sha256: hash.digest('hex'), bytes }) };
}

/** Thrown inside the stream when a file grows beyond the limit. */
export class BlobTooLargeError extends Error {}
