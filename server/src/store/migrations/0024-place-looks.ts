import { sql, type Kysely, type Migration } from 'kysely';

/**
 * The places of an environment with several clusters are looked at one by one (`cluster`, empty where the environment is
 * one place), a look tells what was found and which rights are missing, and people may ask for one. A table of its own:
 * older servers, which know whole environments alone, go on with `environment_looks`.
 */
export const placeLooksMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table place_looks (
      environment text not null,
      cluster text not null,
      fence integer not null,
      due_at double precision not null,
      wanted_at double precision,
      looked_at double precision,
      tried_at double precision,
      problem text,
      drift json,
      runs json,
      missing_rights json,
      primary key (environment, cluster)
    )`.execute(db);
    await sql`insert into place_looks (environment, cluster, fence, due_at, looked_at, tried_at, problem, drift)
      select environment, '', fence, due_at, looked_at, looked_at, problem, drift from environment_looks`.execute(
      db,
    );
  },
};
