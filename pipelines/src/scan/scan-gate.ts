// Whether an image may go on, from what a scanner found and what the pipeline's author has accepted.
import { severities, type ScanWork, type Severity } from '../language/definition.ts';
import type { Finding, ScanReport } from './finding.ts';

export type ScanRules = Pick<ScanWork, 'failOn' | 'noData' | 'allow'>;

export interface ScanVerdict {
  readonly verdict: 'passed' | 'failed';
  /** Why it failed, and what is worth knowing where it passed; one sentence each. */
  readonly reasons: readonly string[];
  /** Findings by severity, accepted ones included. */
  readonly counts: Readonly<Record<Finding['severity'], number>>;
  /** Findings that fail the stage. */
  readonly blocking: readonly Finding[];
  /** Findings at or above `failOn` that an allowance accepts today. */
  readonly accepted: readonly Finding[];
}

/**
 * `today` is an ISO date (`2026-01-31`), in UTC; an allowance is good through its last day. Missing vulnerability data
 * fails unless the rules allow it: a scan that could not look is no scan that found nothing.
 */
export function judgeScan(report: ScanReport, rules: ScanRules, today: string): ScanVerdict {
  const judged = report.findings
    .filter((finding) => isAtLeast(finding.severity, rules.failOn))
    .map((finding) => ({ finding, allowance: allowanceFor(finding.id, rules, today) }));
  const blocking = judged.filter(({ allowance }) => allowance.kind !== 'good').map(({ finding }) => finding);
  const accepted = judged.filter(({ allowance }) => allowance.kind === 'good').map(({ finding }) => finding);
  const lacksData = !report.hasVulnerabilityData;
  const failsWithoutData = lacksData && rules.noData === 'fail';

  const reasons = [
    ...(blocking.length > 0
      ? [`${findingsOf(blocking.length)} at or above ${rules.failOn ?? 'any severity'}`]
      : []),
    ...new Set(judged.flatMap(({ allowance }) => (allowance.kind === 'expired' ? [allowance.sentence] : []))),
    ...(accepted.length > 0 ? [`${findingsOf(accepted.length)} accepted by the allow-list`] : []),
    ...(lacksData ? [failsWithoutData ? noDataFails : noDataAllowed] : []),
  ];
  return {
    verdict: blocking.length > 0 || failsWithoutData ? 'failed' : 'passed',
    reasons,
    counts: countBySeverity(report.findings),
    blocking,
    accepted,
  };
}

const noDataFails =
  'there is no vulnerability data, so nothing is known about vulnerabilities. Give the scanner its database, or accept this with "no_data: allow"';
const noDataAllowed =
  'there is no vulnerability data, which this pipeline allows: vulnerabilities were not looked for';

function isAtLeast(severity: Finding['severity'], failOn: Severity | null): boolean {
  return (
    failOn !== null && severity !== 'unknown' && severities.indexOf(severity) >= severities.indexOf(failOn)
  );
}

type Allowance =
  | { readonly kind: 'good' }
  | { readonly kind: 'expired'; readonly sentence: string }
  | { readonly kind: 'none' };

/** The longest-lived allowance for the finding decides. */
function allowanceFor(id: string, rules: ScanRules, today: string): Allowance {
  const named = rules.allow.filter((allowance) => allowance.id === id);
  if (named.some(({ until }) => until === null || until >= today)) return { kind: 'good' };
  const ends = named.flatMap(({ until, reason }) => (until === null ? [] : [{ until, reason }]));
  const last = ends.reduce<(typeof ends)[number] | null>(
    (a, b) => (a === null || b.until > a.until ? b : a),
    null,
  );
  if (last === null) return { kind: 'none' };
  return {
    kind: 'expired',
    sentence: `the allowance for ${id} ended on ${last.until} (${last.reason}): mend it, or accept it anew with a later date`,
  };
}

function countBySeverity(findings: readonly Finding[]): ScanVerdict['counts'] {
  const counts = { unknown: 0, low: 0, medium: 0, high: 0, critical: 0 };
  for (const finding of findings) counts[finding.severity] += 1;
  return counts;
}

const findingsOf = (count: number): string => (count === 1 ? '1 finding' : `${count} findings`);
