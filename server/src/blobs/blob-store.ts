// Where files that outlive an attempt are: a folder, or a bucket of an S3 server. `blob-store.contract.ts` is the same
// suite for both.
//
//   write ─► draft ─┬─► publish      from now on `read` finds it, whole
//                   └─► discard
//
// A file's name is the SHA-256 of what it holds, so writing it twice stores it once, and nothing is ever changed. Any
// number of processes may work on one store. Rejections are BlobStoreErrors: the store is away or refuses us.
import type { Readable } from 'node:stream';
import type { Result } from '@sluice/pipelines/result';

export interface BlobStore {
  /**
   * Reads `body` to its end, with bounded memory, into a draft that nobody sees. Rejects with the body's own error
   * when that breaks off; nothing is left then. `too-large`: it has more than `limitBytes`, and was not read on.
   */
  readonly write: (
    body: AsyncIterable<Uint8Array>,
    limitBytes: number,
  ) => Promise<Result<BlobDraft, { readonly reason: 'too-large' }>>;
  /** The bytes, or those of the range; null: there is no such file. */
  readonly read: (sha256: string, range?: ByteRange) => Promise<Readable | null>;
  /** Idempotent. Who reads it meanwhile may get all of it, or an error. */
  readonly remove: (sha256: string) => Promise<void>;
  /** Removes drafts begun before `before` (ms since the epoch), which dead processes left; says how many. */
  readonly removeOldDrafts: (before: number) => Promise<number>;
}

export interface BlobDraft {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  /** Idempotent; replaces an equal file as if nothing happened. */
  readonly publish: () => Promise<void>;
  /** Idempotent, and without effect after `publish`. */
  readonly discard: () => Promise<void>;
}

/** First and last byte, both included, from 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Thrown when the store cannot be reached, or refuses what it should not refuse. */
export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';
  /** The store's own word for it, such as `AccessDenied` or `ENOSPC`; null: it said nothing. */
  readonly code: string | null;
  constructor(message: string, code: string | null, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
