import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { formatPercent } from '../../format/figure.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { RelativeTime } from '../times.tsx';
import { MetricRow } from './metric-row.tsx';
import { verdictLook } from './verdict-look.ts';

/** The verdict in words, how sure it is, and how far away one is. */
export function VerdictPanel({ rollout }: { readonly rollout: Rollout }) {
  const t = useMessages();
  const { verdict, spec } = rollout;
  if (verdict === null)
    return (
      <div className="verdict">
        <p className="soft">{t.rollout.noVerdict}</p>
      </div>
    );
  const { Icon, color } = verdictLook[verdict.kind];
  return (
    <div className="verdict">
      <div className="row wrap">
        <span className="row verdict-word" style={{ color }}>
          <Icon size={20} aria-hidden />
          {t.rollout.verdicts[verdict.kind]}
        </span>
        <span className="soft">{t.rollout.confidence(formatPercent(round(spec.work.confidence * 100)))}</span>
        <span className="soft">
          <RelativeTime at={verdict.at} />
        </span>
      </div>
      <p>{verdict.reason}</p>
      {verdict.metrics.map((metric) => (
        <MetricRow key={metric.metric} metric={metric} said={verdict.reason} />
      ))}
    </div>
  );
}

const round = (value: number): number => Math.round(value * 100) / 100;
