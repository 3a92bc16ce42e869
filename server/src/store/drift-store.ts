import { sql, type Selectable } from 'kysely';
import type { Database, Trx } from './database.ts';
import type { Drift, DriftTables } from './drift-schema.ts';

export type EnvironmentLook = Selectable<DriftTables['environment_looks']>;

/** The environment that was looked at longest ago and is due, for `leaseMs` nobody else's; null: none is due. */
export async function takeLook(
  trx: Trx,
  environments: readonly string[],
  now: number,
  leaseMs: number,
): Promise<EnvironmentLook | null> {
  if (environments.length === 0) return null;
  await trx
    .insertInto('environment_looks')
    .values(
      environments.map((environment) => ({
        environment,
        fence: 0,
        due_at: now,
        looked_at: null,
        problem: null,
        drift: null,
      })),
    )
    .onConflict((conflict) => conflict.column('environment').doNothing())
    .execute();
  const due = await trx
    .selectFrom('environment_looks')
    .selectAll()
    .where('environment', 'in', environments)
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(1)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (due === undefined) return null;
  const taken = { fence: due.fence + 1, due_at: now + leaseMs };
  await trx.updateTable('environment_looks').set(taken).where('environment', '=', due.environment).execute();
  return { ...due, ...taken };
}

/** Undefined: somebody else was given the look since. */
export async function lockLook(
  trx: Trx,
  environment: string,
  fence: number,
): Promise<EnvironmentLook | undefined> {
  return trx
    .selectFrom('environment_looks')
    .selectAll()
    .where('environment', '=', environment)
    .where('fence', '=', fence)
    .forUpdate()
    .executeTakeFirst();
}

export async function saveLook(
  trx: Trx,
  environment: string,
  look: {
    readonly dueAt: number;
    readonly lookedAt: number | null;
    readonly problem: string | null;
    readonly drift: Drift | null;
  },
): Promise<void> {
  await trx
    .updateTable('environment_looks')
    .set({
      due_at: look.dueAt,
      looked_at: look.lookedAt,
      problem: look.problem,
      drift: look.drift === null ? null : JSON.stringify(look.drift),
    })
    .where('environment', '=', environment)
    .execute();
}

/** What was seen belongs to what was released before: it is looked at anew, soon. */
export async function forgetLook(trx: Trx, environment: string, dueAt: number): Promise<void> {
  await trx
    .updateTable('environment_looks')
    .set({ drift: null, problem: null, due_at: dueAt, fence: sql`fence + 1` })
    .where('environment', '=', environment)
    .execute();
}

/** By environment. */
export async function listLooks(db: Database): Promise<ReadonlyMap<string, EnvironmentLook>> {
  const looks = await db.selectFrom('environment_looks').selectAll().execute();
  return new Map(looks.map((look) => [look.environment, look]));
}
