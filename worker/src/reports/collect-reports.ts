import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReportRule } from '@sluice/pipelines/language/definition';
import { mergeCoverage, mergeTests } from '@sluice/pipelines/reports/merge-reports';
import { parseCoverage } from '@sluice/pipelines/reports/parse-coverage';
import { parseJunit } from '@sluice/pipelines/reports/parse-junit';
import { reportLimits, type StageReports } from '@sluice/pipelines/reports/test-report';
import type { Result } from '@sluice/pipelines/result';
import { matchesFile } from '@sluice/pipelines/trigger/match-glob';
import { findFiles } from '../archives/find-files.ts';
import { patternRoots } from '../archives/pattern-roots.ts';
import type { ExecutorSession } from '../executors/executor.ts';
import { readableBytes } from '../stages/readable-bytes.ts';
import type { StageContext } from '../stages/stage-runner.ts';

type Collecting = Pick<StageContext, 'workspace' | 'log' | 'sendReports' | 'signal'>;

const mostFiles = 1_000;

/**
 * Reads what test tools left and hands it to the server. A file that cannot be read is named in the log and left out:
 * reports tell of a stage, they do not decide it.
 */
export async function collectReports(
  { workspace, log, sendReports, signal }: Collecting,
  session: Pick<ExecutorSession, 'fetchTree'>,
  rule: ReportRule,
): Promise<void> {
  const collector = { workspace, session, say: log.say };
  const tests = await readAll(collector, 'junit', rule.junit, parseJunit);
  const coverages = await readAll(collector, 'coverage', rule.coverage, parseCoverage);
  if (tests.length === 0 && coverages.length === 0) return;
  const reports: StageReports = {
    tests: tests.length === 0 ? null : mergeTests(tests),
    coverage: mergeCoverage(coverages),
  };
  try {
    await sendReports(reports, signal);
    log.say(summaryOf(reports));
  } catch (error) {
    log.say(`The server did not take the reports: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Collector {
  readonly workspace: string;
  readonly session: Pick<ExecutorSession, 'fetchTree'>;
  readonly say: (line: string) => void;
}

async function readAll<T>(
  { workspace, session, say }: Collector,
  key: string,
  patterns: readonly string[],
  parse: (text: string) => Result<T, string>,
): Promise<readonly T[]> {
  if (patterns.length === 0) return [];
  const from = patternRoots(patterns);
  for (const path of from) await session.fetchTree(path);
  const isWanted = (path: string): boolean => matchesFile(patterns, path);
  const found = await findFiles(workspace, { from, isWanted, links: 'any', withFolders: false });
  if (!found.ok) {
    say(`reports.${key}: ${found.error}`);
    return [];
  }
  const files = found.value.filter((file) => file.kind === 'file');
  if (files.length === 0) say(`reports.${key}: no file matches ${patterns.join(', ')}`);
  if (files.length > mostFiles)
    say(`reports.${key}: only the first ${mostFiles} of ${files.length} files are read`);
  const read: T[] = [];
  for (const { path, bytes } of files.slice(0, mostFiles)) {
    const parsed = await readOne(join(workspace, path), bytes, parse);
    if (parsed.ok) read.push(parsed.value);
    else say(`reports.${key}: ${path} is not read: ${parsed.error}`);
  }
  return read;
}

async function readOne<T>(
  file: string,
  bytes: number,
  parse: (text: string) => Result<T, string>,
): Promise<Result<T, string>> {
  if (bytes > reportLimits.fileBytes) {
    const error = `it has ${readableBytes(bytes)}, and ${readableBytes(reportLimits.fileBytes)} are allowed`;
    return { ok: false, error };
  }
  return parse(await readFile(file, 'utf8'));
}

function summaryOf({ tests, coverage }: StageReports): string {
  const parts: string[] = [];
  if (tests !== null) {
    const count = (result: string): number => tests.cases.filter((test) => test.result === result).length;
    parts.push(`${count('passed')} tests passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  }
  if (coverage !== null && coverage.lines.total > 0) {
    const { covered, total } = coverage.lines;
    parts.push(`${((covered / total) * 100).toFixed(1)} % of ${total} lines covered`);
  }
  return `reports: ${parts.join('; ')}`;
}
