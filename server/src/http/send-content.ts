import type { Response } from 'express';
import { pipeline } from 'node:stream/promises';
import type { BlobStore } from '../blobs/blob-store.ts';
import { ProblemError } from './problem.ts';

export interface ContentToSend {
  readonly sha256: string;
  readonly bytes: number;
  readonly fileName: string;
  readonly type: string;
}

/** Streams a file of the blob store as a download. */
export async function sendContent(
  blobs: BlobStore,
  response: Response,
  content: ContentToSend,
): Promise<void> {
  const body = await blobs.read(content.sha256);
  if (body === null) {
    const message = 'The file is listed and not in the blob store: was its folder or bucket emptied?';
    throw new ProblemError(410, 'content-missing', message);
  }
  response.set({
    ...downloadHeaders(content.fileName, content.type),
    'content-length': String(content.bytes),
    etag: `"${content.sha256}"`,
  });
  await pipeline(body, response);
}

/** A stranger's build made the file: a browser must neither guess its type nor run it. */
export const downloadHeaders = (fileName: string, type: string): Readonly<Record<string, string>> => ({
  'content-type': type,
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'content-disposition': `attachment; filename="${fileName.replaceAll(/[^\w.-]/g, '_')}"`,
});
