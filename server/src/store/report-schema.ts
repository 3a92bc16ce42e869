/** Tables of what test tools said. */
export interface ReportTables {
  stage_reports: StageReportTable;
  flaky_tests: FlakyTestTable;
}

/** Milliseconds since the epoch. */
type Time = number;

interface StageReportTable {
  attempt_id: string;
  run_id: string;
  repository_id: string;
  pipeline: string;
  stage: string;
  ref: string;
  commit_sha: string;
  passed: number;
  failed: number;
  skipped: number;
  /** Sum of the tests' durations, in milliseconds. */
  tests_ms: number;
  /** Null, as is `lines_total`, when nobody measured coverage. */
  lines_covered: number | null;
  lines_total: number | null;
  /** JSON of `StageReports`, deflated. */
  report: Buffer;
  at: Time;
}

/** One row for each commit on which a test both passed and failed. */
interface FlakyTestTable {
  repository_id: string;
  pipeline: string;
  stage: string;
  /** SHA-256 (hex) of suite and name, which are too long for an index. */
  test_hash: string;
  commit_sha: string;
  suite: string;
  name: string;
  failures: number;
  last_at: Time;
}
