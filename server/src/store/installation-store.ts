import type { ServerContext } from '../context.ts';

const checkText = 'sluice';
const checkName = 'installation';

/**
 * The id of this installation, made at the first start. Throws when the master key is not the one that the
 * secrets of this database are sealed with.
 */
export async function ensureInstallation(
  { db, sealer, newId, now }: Pick<ServerContext, 'db' | 'sealer' | 'newId' | 'now'>,
  keySource: string,
): Promise<string> {
  await db
    .insertInto('installation')
    .values({ id: newId(), key_check: sealer.seal(checkText, checkName), created_at: now() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { id, key_check } = await db.selectFrom('installation').selectAll().executeTakeFirstOrThrow();
  try {
    sealer.open(key_check, checkName);
  } catch (cause) {
    throw new Error(
      `The master key from ${keySource} is not the one that this database's secrets are sealed with. ` +
        'Restore the key that was used first; a new key fits only a new database.',
      { cause },
    );
  }
  return id;
}
