// What a stage's test tools said, whichever wrote it; crosses the border as JSON.
import { z } from 'zod';

/** A report larger than this is a mistake or an attack; the most that is kept of it. */
export const reportLimits = {
  fileBytes: 20 * 1024 * 1024,
  cases: 20_000,
  files: 5_000,
  nameCharacters: 500,
  messageCharacters: 4_000,
} as const;

const name = z.string().max(reportLimits.nameCharacters);

export const testCase = z.object({
  /** Class, file or `describe` that the test stands in; may be empty. */
  suite: name,
  name,
  result: z.enum(['passed', 'failed', 'skipped']),
  /** Duration. */
  ms: z.number().min(0),
  /** Why it failed or was skipped; null: nothing was said. */
  message: z.string().max(reportLimits.messageCharacters).nullable(),
});
export type TestCase = z.infer<typeof testCase>;

export const testReport = z.object({
  /** In the order of the files; at most `reportLimits.cases`. */
  cases: z.array(testCase).max(reportLimits.cases),
  /** Tests beyond the limit, which are counted and not kept. */
  left: z.number().int().min(0),
});
export type TestReport = z.infer<typeof testReport>;

const coverageCount = z.object({ covered: z.number().int().min(0), total: z.number().int().min(0) });
export type CoverageCount = z.infer<typeof coverageCount>;

export const coverageReport = z.object({
  lines: coverageCount,
  /** Null: the tool did not look at branches. */
  branches: coverageCount.nullable(),
  /** The files with the fewest covered lines first; at most `reportLimits.files`. */
  files: z.array(z.object({ path: name, lines: coverageCount })).max(reportLimits.files),
});
export type CoverageReport = z.infer<typeof coverageReport>;

export const stageReports = z.object({ tests: testReport.nullable(), coverage: coverageReport.nullable() });
export type StageReports = z.infer<typeof stageReports>;
