import type { PlaceLook } from '@sluice/pipelines/rollout/place-look';
import { sql, type Selectable } from 'kysely';
import type { Database, Trx } from './database.ts';
import type { DriftTables } from './drift-schema.ts';

/** What is looked at: an environment, or one cluster of an environment with several. */
export interface Place {
  readonly environment: string;
  /** Null: the environment is one place. */
  readonly cluster: string | null;
}

export interface StoredLook extends Place, PlaceLook {
  readonly fence: number;
  /** When somebody asked for the look; null: nobody has since the last one. */
  readonly wantedAt: number | null;
}

/**
 * The place that is due and was looked at longest ago, those first that somebody asks for; for `leaseMs` it is nobody else's.
 * Never one whose environment a rollout changes, and one in which nothing was released only where somebody asks for it.
 * Null: none.
 */
export async function takeLook(
  trx: Trx,
  places: readonly Place[],
  now: number,
  leaseMs: number,
): Promise<StoredLook | null> {
  const columns = columnsOf(places);
  await sql`insert into place_looks (environment, cluster, fence, due_at)
    select environment, cluster, 0, ${now} from unnest(${columns.environments}::text[], ${columns.clusters}::text[])
      as place (environment, cluster)
    order by environment, cluster
    on conflict (environment, cluster) do nothing`.execute(trx);
  const { rows } = await sql<Pick<Row, 'environment' | 'cluster'>>`
    select environment, cluster from place_looks as look
    where due_at <= ${now}
      and (environment, cluster) in (select * from unnest(${columns.environments}::text[], ${columns.clusters}::text[]))
      and not exists (select from rollouts where rollouts.environment = look.environment
        and rollouts.parent_id is null and rollouts.status in ('waiting', 'active'))
      and (wanted_at is not null
        or look.cluster = '' and exists (select from releases where releases.environment = look.environment
          and releases.cluster is null and releases.outcome = 'succeeded')
        or look.cluster <> '' and exists (select from releases where releases.environment = look.environment
          and releases.cluster = look.cluster and releases.outcome = 'succeeded'))
    order by wanted_at is null, due_at
    limit 1
    for update of look skip locked`.execute(trx);
  const [due] = rows;
  if (due === undefined) return null;
  const taken = await trx
    .updateTable('place_looks')
    .set({ fence: sql`fence + 1`, due_at: now + leaseMs })
    .where('environment', '=', due.environment)
    .where('cluster', '=', due.cluster)
    .returningAll()
    .executeTakeFirstOrThrow();
  return lookOf(taken);
}

/** Undefined: somebody else was given the look since, somebody asked for it anew, or the place is not there any more. */
export async function lockLook(trx: Trx, place: Place, fence: number): Promise<StoredLook | undefined> {
  const row = await trx
    .selectFrom('place_looks')
    .selectAll()
    .where('environment', '=', place.environment)
    .where('cluster', '=', place.cluster ?? '')
    .where('fence', '=', fence)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : lookOf(row);
}

/** Nobody waits for it any more. */
export async function saveLook(trx: Trx, place: Place, look: PlaceLook, dueAt: number): Promise<void> {
  await trx
    .updateTable('place_looks')
    .set({
      due_at: dueAt,
      wanted_at: null,
      looked_at: look.lookedAt,
      tried_at: look.triedAt,
      problem: look.problem,
      drift: jsonOf(look.drift),
      runs: jsonOf(look.runs),
      missing_rights: jsonOf(look.missingRights),
    })
    .where('environment', '=', place.environment)
    .where('cluster', '=', place.cluster ?? '')
    .execute();
}

/** They are due now, before all others; a look that is under way counts no more. */
export async function wantLooks(trx: Trx, places: readonly Place[], now: number): Promise<void> {
  const { environments, clusters } = columnsOf(places);
  await sql`insert into place_looks (environment, cluster, fence, due_at, wanted_at)
    select environment, cluster, 1, ${now}, ${now} from unnest(${environments}::text[], ${clusters}::text[])
      as place (environment, cluster)
    order by environment, cluster
    on conflict (environment, cluster) do update
      set fence = place_looks.fence + 1, due_at = excluded.due_at, wanted_at = excluded.wanted_at`.execute(
    trx,
  );
}

/** What was seen belongs to what was released before: they are looked at anew, soon. */
export async function forgetLooks(
  trx: Trx,
  environment: string,
  clusters: readonly (string | null)[],
  dueAt: number,
): Promise<void> {
  if (clusters.length === 0) return;
  await trx
    .updateTable('place_looks')
    .set({
      drift: null,
      problem: null,
      runs: null,
      missing_rights: null,
      due_at: dueAt,
      fence: sql`fence + 1`,
    })
    .where('environment', '=', environment)
    .where('cluster', 'in', clusters.map(columnOf))
    .execute();
}

/** Leaves those of these places alone: the environment has no others any more. */
export async function keepLooks(
  trx: Trx,
  environment: string,
  clusters: readonly (string | null)[],
): Promise<void> {
  await trx
    .deleteFrom('place_looks')
    .where('environment', '=', environment)
    .where('cluster', 'not in', clusters.map(columnOf))
    .execute();
}

/** By `placeKey`. `environment`: of this one alone. */
export async function listLooks(
  db: Database,
  environment: string | null = null,
): Promise<ReadonlyMap<string, StoredLook>> {
  const all = db.selectFrom('place_looks').selectAll();
  const rows = await (environment === null ? all : all.where('environment', '=', environment)).execute();
  return new Map(rows.map(lookOf).map((look) => [placeKey(look), look]));
}

export const placeKey = ({ environment, cluster }: Place): string => JSON.stringify([environment, cluster]);

type Row = Selectable<DriftTables['place_looks']>;

function lookOf(row: Row): StoredLook {
  const { environment, cluster, fence, problem, drift, runs } = row;
  return {
    environment,
    cluster: cluster === '' ? null : cluster,
    fence,
    problem,
    drift,
    runs,
    wantedAt: row.wanted_at,
    lookedAt: row.looked_at,
    triedAt: row.tried_at,
    missingRights: row.missing_rights,
  };
}

const columnOf = (cluster: string | null): string => cluster ?? '';

const columnsOf = (places: readonly Place[]) => ({
  environments: places.map(({ environment }) => environment),
  clusters: places.map(({ cluster }) => columnOf(cluster)),
});

const jsonOf = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));
