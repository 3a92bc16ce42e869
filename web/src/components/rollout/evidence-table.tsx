import { evidenceTable, type EvidenceRow } from '@sluice/pipelines/rollout/evidence-table';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { formatDuration } from '../../format/duration.ts';
import { formatCount, formatLatency, formatPercent, formatRate } from '../../format/figure.ts';
import { useMessages } from '../../messages/language-context.tsx';

/** One table, a row a version: the old one beside the new one. */
export function EvidenceTable({ rollout }: { readonly rollout: Rollout }) {
  const t = useMessages();
  const { columns } = t.rollout;
  const table = evidenceTable(rollout);
  return (
    <div className="evidence-scroll">
      <table className="evidence">
        <caption className="visually-hidden">{t.rollout.evidence}</caption>
        <thead>
          <tr>
            <th scope="col">{columns.version}</th>
            <th scope="col">{columns.requests}</th>
            <th scope="col">{columns.share}</th>
            <th scope="col">{columns.mean}</th>
            <th scope="col">{columns.p95}</th>
            <th scope="col">{columns.max}</th>
            <th scope="col">{columns.errors}</th>
            <th scope="col">{columns.success}</th>
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <Side key={row.side} row={row} isCounted={table.countedBy !== null} />
          ))}
        </tbody>
      </table>
      {table.countedBy !== null && (
        <p className="soft evidence-since">
          {t.rollout.counted(table.countedBy, formatDuration(table.countedForMs))}
        </p>
      )}
    </div>
  );
}

function Side({ row, isCounted }: { readonly row: EvidenceRow; readonly isCounted: boolean }) {
  const t = useMessages();
  const { columns } = t.rollout;
  const none = <span className="soft">{t.rollout.noData}</span>;
  const latency = (ms: number | null) => (ms === null ? none : formatLatency(ms));
  return (
    <tr data-side={row.side}>
      <th scope="row">
        <span className="side-mark" aria-hidden />
        <span className="side-word">{row.side === 'stable' ? t.rollout.old : t.rollout.new}</span>
        <span>{row.version}</span>
        {row.replicas !== null && (
          <small className="soft">{t.rollout.replicas(row.replicas.ready, row.replicas.wanted)}</small>
        )}
      </th>
      <td data-label={columns.requests}>{isCounted ? formatCount(row.requests) : none}</td>
      <td data-label={columns.share}>
        <b>{row.observedSharePercent === null ? none : formatPercent(row.observedSharePercent)}</b>
        {row.intendedSharePercent !== null && (
          <small className="soft">
            {columns.intended} {formatPercent(row.intendedSharePercent)}
          </small>
        )}
      </td>
      <td data-label={columns.mean}>{latency(row.meanMs)}</td>
      <td data-label={columns.p95}>{latency(row.p95Ms)}</td>
      <td data-label={columns.max}>{latency(row.maxMs)}</td>
      <td data-label={columns.errors}>
        {isCounted ? formatCount(row.errors) : none}
        {isCounted && (
          <small className="soft">
            {columns.of} {formatCount(row.requests)}
          </small>
        )}
      </td>
      <td data-label={columns.success}>
        <b>{row.successRatePercent === null ? none : formatRate(row.successRatePercent / 100)}</b>
      </td>
    </tr>
  );
}
