import type { ReportsView } from '@sluice/pipelines/protocol/api';
import type { Database } from '../store/database.ts';
import { findReportRow, findReports, listFlakyTests, listTrend } from '../store/report-store.ts';

const trendLength = 30;
const flakyForMs = 30 * 24 * 3_600_000;

/** What the test tools said of an attempt, beside how it was before; null: they said nothing. */
export async function reportsView(db: Database, attemptId: string, now: number): Promise<ReportsView | null> {
  const row = await findReportRow(db, attemptId);
  const reports = await findReports(db, attemptId);
  if (row === undefined || reports === null) return null;
  const [trend, flaky] = await Promise.all([
    listTrend(db, row, trendLength),
    listFlakyTests(db, row, now - flakyForMs),
  ]);
  return {
    ...reports,
    trend: trend.toReversed().map((point) => ({
      runId: point.run_id,
      runNumber: point.number,
      at: point.at,
      passed: point.passed,
      failed: point.failed,
      skipped: point.skipped,
      testsMs: point.tests_ms,
      lines:
        point.lines_covered === null || point.lines_total === null
          ? null
          : { covered: point.lines_covered, total: point.lines_total },
    })),
    flaky: flaky.map(({ suite, name, commit_sha, failures, last_at }) => ({
      suite,
      name,
      commit: commit_sha,
      failures,
      lastAt: last_at,
    })),
  };
}
