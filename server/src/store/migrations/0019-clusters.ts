import { sql, type Kysely, type Migration } from 'kysely';

/**
 * Environments with several clusters: a rollout over them leads one rollout a cluster (`parent_id`, `cluster`, and
 * `round` where the cluster has had several), and each cluster has releases of its own.
 */
export const clustersMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
};

const statements = [
  sql`alter table rollouts
    add column parent_id uuid references rollouts (id) on delete cascade,
    add column cluster text,
    add column round integer,
    drop constraint rollouts_run_id_stage_attempt_key`,
  sql`create unique index rollouts_of_stage on rollouts (run_id, stage, attempt) where parent_id is null`,
  sql`create unique index rollouts_of_cluster on rollouts (parent_id, cluster, round) where parent_id is not null`,
  sql`drop index rollouts_one_active`,
  sql`create unique index rollouts_one_active on rollouts (environment)
    where status = 'active' and parent_id is null`,
  sql`create unique index rollouts_one_active_in_cluster on rollouts (environment, cluster)
    where status = 'active' and parent_id is not null`,
  sql`alter table releases add column cluster text`,
  sql`create index releases_of_cluster on releases (environment, cluster, at desc) where cluster is not null`,
];
