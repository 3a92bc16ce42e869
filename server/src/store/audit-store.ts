import type { AuditView } from '@sluice/pipelines/protocol/api';
import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

export interface AuditEntry {
  readonly who: string;
  /** Kebab-case, the thing and what happened to it: `run-cancelled`, `secret-written`. */
  readonly what: string;
  readonly target: string;
  /** Never holds a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly at: number;
  /** Address that the request came from; absent: the engine itself. */
  readonly from?: string | null;
}

/** Give the transaction that makes the change, so that neither stands without the other. */
export async function recordAudit(db: Kysely<Schema>, { from, ...entry }: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ ...entry, detail: JSON.stringify(entry.detail), from_address: from ?? null })
    .execute();
}

/** Newest first; `before` is the id of the last entry of the page before. */
export async function listAudit(
  db: Kysely<Schema>,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly AuditView[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (page.before !== null) query = query.where('id', '<', page.before);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: String(row.id),
    at: row.at,
    who: row.who,
    action: row.what,
    subject: row.target,
    from: row.from_address,
  }));
}
