import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServerContext } from '../context.ts';
import { findTokenUser } from '../store/token-store.ts';
import { adminUser, createApiToken } from './sign-in.ts';
import { hashToken } from './token.ts';

/** Keeps `<dataDir>/cli-token` (mode 0600) holding an API token that this database knows. */
export async function ensureCliToken(
  context: Pick<ServerContext, 'db' | 'now' | 'newId'>,
  dataDir: string,
): Promise<void> {
  const file = path.join(dataDir, 'cli-token');
  const existing = await readFile(file, 'utf8').catch(() => '');
  if ((await findTokenUser(context.db, hashToken(existing.trim()), context.now())) !== null) return;
  const { token } = await createApiToken(context, 'command line on this machine', adminUser);
  const draft = `${file}.${process.pid}`;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(draft, `${token}\n`, { mode: 0o600 });
  await rename(draft, file);
}
