import type { ProjectLimits, ProjectView } from '@sluice/pipelines/protocol/api';
import { sql } from 'kysely';
import type { Database, Trx } from './database.ts';

/** Every project that has a repository, a run under way or limits. */
export async function listProjects(db: Database): Promise<readonly ProjectView[]> {
  const { rows } = await sql<ProjectView>`
    select names.project, coalesce(weight, 1) as weight,
      max_running_stages as "maxRunningStages", max_open_runs as "maxOpenRuns",
      (select count(*)::int from attempts where project = names.project
        and (status = 'held' or (status = 'queued' and granted_at is not null))) as "runningStages",
      (select count(*)::int from runs where project = names.project and finished_at is null) as "openRuns"
    from (
      select project from repositories union select project from project_limits
      union select project from runs where finished_at is null
    ) names
    left join project_limits on project_limits.project = names.project
    order by names.project
  `.execute(db);
  return rows;
}

export async function saveLimits(
  trx: Trx,
  project: string,
  limits: ProjectLimits,
  made: { readonly by: string; readonly at: number },
): Promise<void> {
  const changed = {
    weight: limits.weight,
    max_running_stages: limits.maxRunningStages,
    max_open_runs: limits.maxOpenRuns,
    updated_at: made.at,
    updated_by: made.by,
  };
  await trx
    .insertInto('project_limits')
    .values({ project, ...changed })
    .onConflict((conflict) => conflict.column('project').doUpdateSet(changed))
    .execute();
}

/**
 * How many of its runs have not ended, and how many may be; null: there is no limit. Those who ask for one project
 * with a limit go one by one, so that two runs cannot both take the last place.
 */
export async function countOpenRuns(
  trx: Trx,
  project: string,
): Promise<{ readonly open: number; readonly most: number } | null> {
  const row = await trx
    .selectFrom('project_limits')
    .select('max_open_runs')
    .where('project', '=', project)
    .where('max_open_runs', 'is not', null)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined || row.max_open_runs === null) return null;
  const counted = await trx
    .selectFrom('runs')
    .select((select) => select.fn.countAll<number>().as('open'))
    .where('project', '=', project)
    .where('finished_at', 'is', null)
    .executeTakeFirstOrThrow();
  return { open: counted.open, most: row.max_open_runs };
}
