// What every blob store must do. Each implementation calls `blobStoreContract` from its own test file.
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BlobDraft, BlobStore } from './blob-store.ts';

export interface StoreUnderTest {
  readonly store: BlobStore;
  /** Names of everything that is stored, drafts too. */
  readonly names: () => Promise<readonly string[]>;
}

const mebibyte = 1024 * 1024;
const plenty = 1024 * mebibyte;

export function blobStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of blob stores`, () => {
    let store: BlobStore;
    let names: StoreUnderTest['names'];
    beforeEach(async () => ({ store, names } = await open()));

    const write = async (...chunks: readonly Uint8Array[]): Promise<BlobDraft> => {
      const written = await store.write(streamOf(chunks), plenty);
      if (!written.ok) throw new Error(written.error.reason);
      return written.value;
    };
    const readAll = async (sha256: string): Promise<Buffer | null> => {
      const body = await store.read(sha256);
      return body === null ? null : buffer(body);
    };

    test.each([
      ['nothing', []],
      ['a few bytes', [Buffer.from('hello, '), Buffer.from('world')]],
      ['exactly one part', [randomBytes(8 * mebibyte)]],
      ['several parts and a rest', Array.from({ length: 20 }, () => randomBytes(mebibyte + 1))],
    ])('%s is read as it was written, under its digest', async (_, chunks) => {
      const draft = await write(...chunks);
      const whole = Buffer.concat(chunks);
      expect(draft).toMatchObject({ sha256: digest(whole), bytes: whole.length });
      await draft.publish();
      expect((await readAll(draft.sha256))?.equals(whole)).toBe(true);
    });

    test('nobody sees a draft, and publishing it twice is publishing it once', async () => {
      const draft = await write(Buffer.from('soon'));
      expect(await readAll(draft.sha256)).toBeNull();
      await draft.publish();
      await draft.publish();
      expect((await readAll(draft.sha256))?.toString()).toBe('soon');
    });

    test.each([16, 12 * mebibyte])('a draft of %i bytes that is discarded leaves nothing', async (size) => {
      const draft = await write(randomBytes(size));
      await draft.discard();
      await draft.discard();
      expect(await names()).toEqual([]);
    });

    test('two who write the same store one file', async () => {
      const body = randomBytes(9 * mebibyte);
      const [one, two] = await Promise.all([write(body), write(body)]);
      await Promise.all([one.publish(), two.publish()]);
      await one.discard();
      expect((await readAll(two.sha256))?.equals(body)).toBe(true);
      expect(await names()).toHaveLength(1);
    });

    test('a part of a file is read alone', async () => {
      const draft = await write(Buffer.from('0123456789'));
      await draft.publish();
      const body = await store.read(draft.sha256, { first: 2, last: 5 });
      expect(body === null ? null : (await buffer(body)).toString()).toBe('2345');
    });

    test.each([10, 9 * mebibyte])(
      'a body of more than %i bytes is refused and leaves nothing',
      async (limit) => {
        const body = streamOf([randomBytes(limit), Buffer.from('x')]);
        expect(await store.write(body, limit)).toEqual({ ok: false, error: { reason: 'too-large' } });
        expect(await names()).toEqual([]);
      },
    );

    test.each([10, 9 * mebibyte])('a body that breaks off after %i bytes leaves nothing', async (size) => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield randomBytes(size);
        await Promise.resolve();
        throw new Error('the worker was killed');
      }
      await expect(store.write(broken(), plenty)).rejects.toThrow('the worker was killed');
      expect(await names()).toEqual([]);
    });

    test('what was removed is gone, and removing it again is no error', async () => {
      const draft = await write(Buffer.from('away'));
      await draft.publish();
      await store.remove(draft.sha256);
      await store.remove(draft.sha256);
      expect(await readAll(draft.sha256)).toBeNull();
      expect(await names()).toEqual([]);
    });

    test('old drafts of dead processes go, and nothing else', async () => {
      const kept = await write(Buffer.from('kept'));
      await kept.publish();
      await write(randomBytes(9 * mebibyte)); // and then the process died
      expect(await store.removeOldDrafts(Date.now() - 3_600_000)).toBe(0);
      expect(await store.removeOldDrafts(Date.now() + 3_600_000)).toBe(1);
      expect(await names()).toHaveLength(1);
    });
  });
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

const digest = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');
