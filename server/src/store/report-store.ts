import { stageReports, type StageReports } from '@sluice/pipelines/reports/test-report';
import type { Insertable, Selectable } from 'kysely';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Database, Trx } from './database.ts';
import type { ReportTables } from './report-schema.ts';

export type ReportRow = Omit<Selectable<ReportTables['stage_reports']>, 'report'>;
export type FlakyTest = Selectable<ReportTables['flaky_tests']>;

/** The same stage of the same pipeline, whatever the run. */
export interface StagePlace {
  readonly repository_id: string;
  readonly pipeline: string;
  readonly stage: string;
}

const columns = [
  'attempt_id',
  'run_id',
  'repository_id',
  'pipeline',
  'stage',
  'ref',
  'commit_sha',
  'passed',
  'failed',
  'skipped',
  'tests_ms',
  'lines_covered',
  'lines_total',
  'at',
] as const;

const compress = promisify(deflateRaw);
const expand = promisify(inflateRaw);
/** A report of the most tests with the longest names is about this large; more is not ours. */
const largestReport = 256 * 1024 * 1024;

/** Another report of the same attempt takes its place. */
export async function saveReports(trx: Trx, row: ReportRow, reports: StageReports): Promise<void> {
  const report = await compress(Buffer.from(JSON.stringify(reports)));
  const values: Insertable<ReportTables['stage_reports']> = { ...row, report };
  await trx
    .insertInto('stage_reports')
    .values(values)
    .onConflict((conflict) => conflict.column('attempt_id').doUpdateSet(values))
    .execute();
}

export async function findReports(db: Database, attemptId: string): Promise<StageReports | null> {
  const row = await db
    .selectFrom('stage_reports')
    .select('report')
    .where('attempt_id', '=', attemptId)
    .executeTakeFirst();
  return row === undefined ? null : readReports(row.report);
}

export async function findReportRow(db: Database, attemptId: string): Promise<ReportRow | undefined> {
  return db
    .selectFrom('stage_reports')
    .select(columns)
    .where('attempt_id', '=', attemptId)
    .executeTakeFirst();
}

/** The reports of the newest attempts at the same stage of the same commit, with when they came. */
export async function listReportsOfCommit(
  db: Database,
  place: StagePlace & { readonly commit_sha: string },
  limit: number,
): Promise<readonly { readonly at: number; readonly reports: StageReports }[]> {
  const rows = await db
    .selectFrom('stage_reports')
    .select(['report', 'at'])
    .where('repository_id', '=', place.repository_id)
    .where('commit_sha', '=', place.commit_sha)
    .where('stage', '=', place.stage)
    .where('pipeline', '=', place.pipeline)
    .orderBy('at', 'desc')
    .limit(limit)
    .execute();
  return Promise.all(rows.map(async ({ report, at }) => ({ at, reports: await readReports(report) })));
}

/** The newest attempts at a stage on one branch, the newest first. */
export async function listTrend(
  db: Database,
  place: StagePlace & { readonly ref: string },
  limit: number,
): Promise<readonly (ReportRow & { readonly number: number })[]> {
  return db
    .selectFrom('stage_reports')
    .innerJoin('runs', 'runs.id', 'stage_reports.run_id')
    .select(columns.map((column) => `stage_reports.${column}` as const))
    .select('runs.number')
    .where('stage_reports.repository_id', '=', place.repository_id)
    .where('stage_reports.pipeline', '=', place.pipeline)
    .where('stage_reports.stage', '=', place.stage)
    .where('stage_reports.ref', '=', place.ref)
    .orderBy('stage_reports.at', 'desc')
    .limit(limit)
    .execute();
}

export async function listReportRowsOfRuns(
  db: Database,
  runIds: readonly string[],
): Promise<readonly ReportRow[]> {
  return db
    .selectFrom('stage_reports')
    .select(columns)
    .where('run_id', 'in', [...runIds])
    .execute();
}

export async function saveFlakyTest(trx: Trx, test: Omit<FlakyTest, 'test_hash'>): Promise<void> {
  const { failures, last_at } = test;
  const test_hash = createHash('sha256').update(`${test.suite}\0${test.name}`).digest('hex');
  await trx
    .insertInto('flaky_tests')
    .values({ ...test, test_hash })
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'pipeline', 'stage', 'test_hash', 'commit_sha'])
        .doUpdateSet({ failures, last_at }),
    )
    .execute();
}

/** Since a time, the latest first. */
export async function listFlakyTests(
  db: Database,
  place: StagePlace,
  since: number,
): Promise<readonly FlakyTest[]> {
  return db
    .selectFrom('flaky_tests')
    .selectAll()
    .where('repository_id', '=', place.repository_id)
    .where('pipeline', '=', place.pipeline)
    .where('stage', '=', place.stage)
    .where('last_at', '>=', since)
    .orderBy('last_at', 'desc')
    .limit(1_000)
    .execute();
}

async function readReports(deflated: Buffer): Promise<StageReports> {
  const json = await expand(deflated, { maxOutputLength: largestReport });
  return stageReports.parse(JSON.parse(json.toString()));
}
