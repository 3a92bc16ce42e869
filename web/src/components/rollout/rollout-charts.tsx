import { useMemo } from 'react';
import type { RolloutPoint } from '@sluice/pipelines/protocol/api';
import { formatLatency, formatPercent } from '../../format/figure.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { seriesOf } from '../../state/chart-series.ts';
import { SideChart } from './side-chart.tsx';

/** Old against new over time. */
export function RolloutCharts({ history }: { readonly history: readonly RolloutPoint[] }) {
  const t = useMessages();
  const series = useMemo(() => seriesOf(history), [history]);
  return (
    <section className="panel">
      <div className="panel-head">
        <h2 className="grow">{t.rollout.charts}</h2>
        <span className="row chart-key">
          <i data-side="old" /> {t.rollout.old}
          <i data-side="new" /> {t.rollout.new}
        </span>
      </div>
      {history.length < 3 ? (
        <p className="panel-body soft">{t.rollout.chartEmpty}</p>
      ) : (
        <div className="charts">
          <SideChart title={t.rollout.chartErrors} series={series.errorPercent} format={percent} />
          <SideChart title={t.rollout.chartRequests} series={series.requestsPerSecond} format={plain} />
          <SideChart title={t.rollout.chartMean} series={series.meanMs} format={formatLatency} />
        </div>
      )}
    </section>
  );
}

const percent = (value: number): string => formatPercent(Math.round(value * 10) / 10);
const plain = (value: number): string =>
  value >= 10 || value === 0 ? String(Math.round(value)) : value.toFixed(1);
