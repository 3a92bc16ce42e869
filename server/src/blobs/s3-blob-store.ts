import { err, ok } from '@sluice/pipelines/result';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { BlobStoreError, type BlobDraft, type BlobStore } from './blob-store.ts';
import { BlobTooLargeError, measureBytes, type Measured } from './measure-bytes.ts';
import { createS3Client, textOf, type S3Client, type S3Settings } from './s3-client.ts';

/** Bytes that are held in memory for one upload; S3 asks for at least 5 MiB in all parts but the last. */
const partBytes = 8 * 1024 * 1024;

/**
 * In a bucket, which must exist. What fits into one part is put under its name at once, when it is published; more
 * goes in parts to a draft, because its name is known only at its end, and the server copies it there.
 */
export function openS3BlobStore(settings: S3Settings): BlobStore {
  const s3 = createS3Client(settings);
  return {
    async write(body, limitBytes) {
      const { chunks, end } = measureBytes(body, limitBytes);
      const parts = inParts(chunks);
      try {
        const first = (await parts.next()).value ?? new Uint8Array();
        if (first.length < partBytes) return ok(smallDraft(s3, first, end()));
        const draft = `${draftPrefix}${randomUUID()}`;
        await uploadInParts(s3, draft, first, parts);
        return ok(largeDraft(s3, settings, draft, end()));
      } catch (error) {
        if (error instanceof BlobTooLargeError) return err({ reason: 'too-large' });
        throw error;
      }
    },

    async read(sha256, range) {
      const headers = range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` };
      const response = await s3.call({ method: 'GET', key: keyOf(sha256), headers });
      if (response === null) return null;
      return Readable.from(response.body === null ? [] : bytesOf(response.body));
    },

    async remove(sha256) {
      await s3.call({ method: 'DELETE', key: keyOf(sha256) });
    },

    removeOldDrafts: (before) => removeOldDrafts(s3, settings.prefix, before),
  };
}

async function* bytesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

const draftPrefix = 'drafts/';
const keyOf = (sha256: string): string => `blobs/${sha256.slice(0, 2)}/${sha256}`;

function smallDraft(s3: S3Client, body: Uint8Array, measured: Measured): BlobDraft {
  return {
    ...measured,
    publish: async () => {
      await s3.text({ method: 'PUT', key: keyOf(measured.sha256), body });
    },
    discard: () => Promise.resolve(),
  };
}

function largeDraft(s3: S3Client, settings: S3Settings, draft: string, measured: Measured): BlobDraft {
  let isPublished = false;
  const discard = async (): Promise<void> => void (await s3.call({ method: 'DELETE', key: draft }));
  return {
    ...measured,
    async publish() {
      if (isPublished) return;
      const source = `/${settings.bucket}/${settings.prefix}${draft}`;
      const headers = { 'x-amz-copy-source': encodeURI(source) };
      await s3.text({ method: 'PUT', key: keyOf(measured.sha256), headers });
      isPublished = true;
      await discard();
    },
    discard,
  };
}

/** All parts but the last have exactly `partBytes`. */
async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (bytes + rest.length >= partBytes) {
      const fitting = rest.subarray(0, partBytes - bytes);
      yield Buffer.concat([...held, fitting]);
      held = [];
      bytes = 0;
      rest = rest.subarray(fitting.length);
    }
    if (rest.length > 0) held.push(rest);
    bytes += rest.length;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

async function uploadInParts(
  s3: S3Client,
  key: string,
  first: Uint8Array,
  more: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { body: begun } = await s3.text({ method: 'POST', key, query: { uploads: '' } });
  const uploadId = textOf(begun, 'UploadId');
  if (uploadId === null) throw new Error(`S3 began an upload without naming it: ${begun.slice(0, 200)}`);
  try {
    const tags: string[] = [await uploadPart(s3, key, uploadId, 1, first)];
    for await (const part of more) tags.push(await uploadPart(s3, key, uploadId, tags.length + 1, part));
    const listed = tags.map(
      (tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
    );
    const xml = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`;
    await s3.text({ method: 'POST', key, query: { uploadId }, body: Buffer.from(xml) });
  } catch (error) {
    await s3.call({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined); // the sweep finds it
    throw error;
  }
}

async function uploadPart(
  s3: S3Client,
  key: string,
  uploadId: string,
  number: number,
  body: Uint8Array,
): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  const { headers } = await s3.text({ method: 'PUT', key, query, body });
  const tag = headers.get('etag');
  if (tag === null) throw new Error('S3 stored a part without a tag');
  return tag.replaceAll('"', '&quot;');
}

/** Finished drafts, and uploads that were never finished. Of each at most the 1,000 that one answer lists. */
async function removeOldDrafts(s3: S3Client, prefix: string, before: number): Promise<number> {
  let removed = 0;
  const inBucket = (query: Record<string, string>) => s3.text({ method: 'GET', key: '', query });
  const drafts = await inBucket({ 'list-type': '2', prefix: `${prefix}${draftPrefix}` });
  for (const entry of elements(drafts.body, 'Contents')) {
    const key = textOf(entry, 'Key');
    if (key === null || !isOlder(textOf(entry, 'LastModified'), before)) continue;
    await s3.call({ method: 'DELETE', key: key.slice(prefix.length) });
    removed += 1;
  }
  const uploads = await inBucket({ uploads: '', prefix: `${prefix}${draftPrefix}` }).catch(unlessUnknown);
  for (const entry of elements(uploads?.body ?? '', 'Upload')) {
    const [key, uploadId] = [textOf(entry, 'Key'), textOf(entry, 'UploadId')];
    if (key === null || uploadId === null || !isOlder(textOf(entry, 'Initiated'), before)) continue;
    await s3.call({ method: 'DELETE', key: key.slice(prefix.length), query: { uploadId } });
    removed += 1;
  }
  return removed;
}

/** Small S3 servers do not list unfinished uploads; those that do not, end them by themselves or never. */
function unlessUnknown(error: unknown): null {
  if (error instanceof BlobStoreError && error.code === 'NotImplemented') return null;
  throw error;
}

const elements = (xml: string, name: string): readonly string[] =>
  xml.match(new RegExp(`<${name}>.*?</${name}>`, 'gs')) ?? [];

const isOlder = (time: string | null, before: number): boolean => time !== null && Date.parse(time) < before;
