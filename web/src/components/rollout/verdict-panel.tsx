import {
  IconCircleCheckFilled,
  IconCircleXFilled,
  IconHelpCircle,
  IconHourglassHigh,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import type { MetricVerdict, Rollout, Verdict } from '@sluice/pipelines/rollout/rollout-state';
import { formatDuration } from '../../format/duration.ts';
import { formatCount, formatPercent } from '../../format/figure.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { RelativeTime } from '../times.tsx';

const looks = {
  pass: { Icon: IconCircleCheckFilled, color: 'var(--state-succeeded)' },
  fail: { Icon: IconCircleXFilled, color: 'var(--state-failed)' },
  'need-more': { Icon: IconHourglassHigh, color: 'var(--state-awaiting-approval)' },
  'no-data': { Icon: IconHelpCircle, color: 'var(--state-held)' },
  error: { Icon: IconPlugConnectedX, color: 'var(--state-held)' },
} as const satisfies Record<Verdict['kind'], unknown>;

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
  const { Icon, color } = looks[verdict.kind];
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

function MetricRow({ metric, said }: { readonly metric: MetricVerdict; readonly said: string }) {
  const t = useMessages();
  const { Icon, color } = looks[metric.kind];
  return (
    <div className="metric-row">
      <span className="row" style={{ color }} title={t.rollout.verdicts[metric.kind]}>
        <Icon size={15} aria-hidden />
        <span className="visually-hidden">{t.rollout.verdicts[metric.kind]}</span>
      </span>
      <b>{metric.metric}</b>
      <span className="metric-reason">{metric.reason === said ? null : metric.reason}</span>
      <Evidence
        label={t.rollout.against}
        logE={metric.failLogE}
        threshold={metric.threshold}
        color="var(--state-failed)"
      />
      <Evidence
        label={t.rollout.inFavour}
        logE={metric.passLogE}
        threshold={metric.threshold}
        color="var(--state-succeeded)"
      />
      {metric.kind === 'need-more' && <span className="soft metric-distance">{useDistance(metric)}</span>}
    </div>
  );
}

interface EvidenceProps {
  readonly label: string;
  readonly logE: number | null;
  readonly threshold: number;
  readonly color: string;
}

/** How much of the evidence that decides is there. */
function Evidence({ label, logE, threshold, color }: EvidenceProps) {
  if (logE === null || threshold <= 0) return null;
  const part = Math.max(0, Math.min(1, logE / threshold));
  return (
    <span
      className="metric-evidence"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
      title={`ln E ${logE.toFixed(2)} / ${threshold.toFixed(2)}`}
    >
      <span className="soft">{label}</span>
      <i>
        <b style={{ width: `${part * 100}%`, background: color }} />
      </i>
    </span>
  );
}

function useDistance({ moreMs, moreRequests }: MetricVerdict): string {
  const { rollout } = useMessages();
  const parts = [
    moreMs === null ? null : rollout.distance(formatDuration(moreMs)),
    moreRequests === null ? null : rollout.distanceRequests(formatCount(moreRequests)),
  ].filter((part) => part !== null);
  return parts.length === 0 ? rollout.distanceUnknown : parts.join(', ');
}

const round = (value: number): number => Math.round(value * 100) / 100;
