import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

export interface AuditEntry {
  readonly who: string;
  /** Verb with its object, such as `repository.save`. */
  readonly what: string;
  readonly target: string;
  /** Never holds a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly at: number;
}

/** Give the transaction that makes the change, so that neither stands without the other. */
export async function recordAudit(db: Kysely<Schema>, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ ...entry, detail: JSON.stringify(entry.detail) })
    .execute();
}

/** Newest first; `before` is the number of the last entry of the page before. */
export async function listAudit(
  db: Kysely<Schema>,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly (AuditEntry & { readonly number: number })[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (page.before !== null) query = query.where('id', '<', page.before);
  const rows = await query.execute();
  return rows.map(({ id, ...entry }) => ({ number: id, ...entry }));
}
