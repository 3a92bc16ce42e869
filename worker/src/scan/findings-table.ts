import type { Finding } from '@sluice/pipelines/scan/finding';

const severityOrder: readonly Finding['severity'][] = ['critical', 'high', 'medium', 'low', 'unknown'];

/** Worst first, columns aligned, at most `limit` findings and then how many more there are. */
export function findingsTable(findings: readonly Finding[], limit: number): readonly string[] {
  const rows = findings
    .toSorted(
      (a, b) =>
        severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity) ||
        a.id.localeCompare(b.id, 'en'),
    )
    .slice(0, limit)
    .map((finding) => [
      finding.severity.toUpperCase(),
      finding.id,
      finding.where,
      finding.fixedIn === null ? finding.title : `${finding.title} (fixed in ${finding.fixedIn})`,
    ]);
  if (rows.length === 0) return [];
  const widths = [0, 1, 2].map((column) =>
    Math.min(60, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const more = findings.length - rows.length;
  return more > 0 ? [...lines, `… and ${more} more, in the report`] : lines;
}
