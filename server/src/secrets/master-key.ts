import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { readOrCreatePrivateFile } from '../embedded/private-file.ts';

/** The key that seals secrets, and where it is from. Made at the first start where the operator gave none. */
export async function loadMasterKey(
  given: Uint8Array | null,
  dataDir: string,
): Promise<{ readonly key: Uint8Array; readonly source: string }> {
  if (given !== null) return { key: given, source: 'SLUICE_MASTER_KEY' };
  const file = path.join(dataDir, 'master.key');
  const text = await readOrCreatePrivateFile(file, () => `${randomBytes(32).toString('base64')}\n`);
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32)
    throw new Error(`${file} does not hold 32 bytes in base64: restore it from your backup.`);
  return { key, source: file };
}
