import pc from 'picocolors';
import type { EvidenceRow, EvidenceTable } from '@sluice/pipelines/rollout/evidence-table';

const columns: readonly (readonly [title: string, cell: (row: EvidenceRow) => string])[] = [
  ['', (row) => (row.side === 'stable' ? 'old' : 'new')],
  ['version', (row) => row.version],
  ['requests', (row) => row.requests.toLocaleString('en')],
  ['share', (row) => `${percent(row.observedSharePercent)} of ${percent(row.intendedSharePercent)}`],
  ['mean', (row) => milliseconds(row.meanMs)],
  ['p95', (row) => milliseconds(row.p95Ms)],
  ['max', (row) => milliseconds(row.maxMs)],
  ['errors', (row) => row.errors.toLocaleString('en')],
  ['success', (row) => percent(row.successRatePercent, 3)],
];

/** The approver's table for a terminal: old above new, then the verdict in words. */
export function formatEvidence(table: EvidenceTable): string {
  const cells = [
    columns.map(([title]) => title),
    ...table.rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [head = '', ...rows] = lines;
  const { words, distance, confidencePercent } = table.verdict;
  const verdict = `${words} (confidence ${confidencePercent} %)${distance === null ? '' : `; ${distance}`}`;
  return [pc.dim(head), ...rows, verdict].join('\n');
}

const percent = (value: number | null, digits = 1): string =>
  value === null ? '–' : `${value.toFixed(digits)} %`;

const milliseconds = (value: number | null): string =>
  value === null ? '–' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
