import type { MetricVerdict } from '@sluice/pipelines/rollout/rollout-state';
import { formatDuration } from '../../format/duration.ts';
import { formatCount } from '../../format/figure.ts';
import type { Messages } from '../../messages/en.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { verdictLook } from './verdict-look.ts';

/** What one metric says, how much of the evidence that decides is there, and how far away a verdict is. */
export function MetricRow({ metric, said }: { readonly metric: MetricVerdict; readonly said: string }) {
  const t = useMessages();
  const { Icon, color } = verdictLook[metric.kind];
  const notes = notesOn(metric, t);
  return (
    <div className="metric-row">
      <span className="row" style={{ color }} title={t.rollout.verdicts[metric.kind]}>
        <Icon size={15} aria-hidden />
        <span className="visually-hidden">{t.rollout.verdicts[metric.kind]}</span>
      </span>
      <b>{metric.metric}</b>
      <span className="metric-reason">{metric.reason === said ? null : metric.reason}</span>
      {metersOf(metric, t).map((meter) => (
        <EvidenceMeter key={meter.label} {...meter} />
      ))}
      {notes !== '' && <span className="soft metric-distance">{notes}</span>}
    </div>
  );
}

interface Meter {
  readonly label: string;
  /** 1: enough to decide. */
  readonly part: number;
  readonly title: string;
  readonly color: string;
}

function EvidenceMeter({ label, part, title, color }: Meter) {
  const percent = 100 * Math.max(0, Math.min(1, part));
  return (
    <span
      className="metric-evidence"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      title={title}
    >
      <span className="soft">{label}</span>
      <i>
        <b style={{ width: `${percent}%`, background: color }} />
      </i>
    </span>
  );
}

/** Of counts: the evidence against and in favour. Of a gauge: how much of the allowed shift is used up. */
function metersOf(metric: MetricVerdict, { rollout }: Messages): readonly Meter[] {
  const { failLogE, passLogE, threshold } = metric;
  const evidence = (label: string, logE: number | null, color: string): Meter[] =>
    logE === null || threshold <= 0
      ? []
      : [
          {
            label,
            part: logE / threshold,
            title: `ln E ${logE.toFixed(2)} / ${threshold.toFixed(2)}`,
            color,
          },
        ];
  const window = metric.points?.window ?? null;
  const shift: Meter[] =
    window === null || window.allowedShift <= 0
      ? []
      : [
          {
            label: rollout.shift,
            part: window.shift / window.allowedShift,
            title: `${plain(window.shift)} / ${plain(window.allowedShift)}, p ${plain(window.p)}`,
            color: 'var(--state-failed)',
          },
        ];
  return [
    ...evidence(rollout.against, failLogE, 'var(--state-failed)'),
    ...evidence(rollout.inFavour, passLogE, 'var(--state-succeeded)'),
    ...shift,
  ];
}

/** The distance to a verdict, the dispersion, and the looks where the metric's rules count them. */
function notesOn(metric: MetricVerdict, { rollout }: Messages): string {
  const { kind, moreMs, moreRequests, dispersion, looks } = metric;
  const distance = [
    moreMs === null ? null : rollout.distance(formatDuration(moreMs)),
    moreRequests === null ? null : rollout.distanceRequests(formatCount(moreRequests)),
  ].filter((part) => part !== null);
  const open = distance.length === 0 ? rollout.distanceUnknown : distance.join(', ');
  const notes = [
    kind === 'need-more' ? open : null,
    dispersion === undefined ? null : rollout.dispersion(plain(dispersion)),
    looks === undefined || looks.failed + looks.withoutData + looks.errors === 0
      ? null
      : rollout.looks(looks.passed, looks.failed, looks.withoutData, looks.errors),
  ];
  return notes.filter((note) => note !== null).join(' · ');
}

const plain = (value: number): string => String(Number(value.toPrecision(2)));
