import { Link } from 'react-router';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { formatPercent } from '../../format/figure.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { headState, holdOf } from '../../state/rollout-hold.ts';
import { StateBadge } from '../state-badge.tsx';
import { Countdown, RelativeTime } from '../times.tsx';
import { sayRoute } from './ladder.tsx';
import { RolloutActions } from './rollout-actions.tsx';

interface RolloutHeadProps {
  readonly view: RolloutView;
  readonly run: RunView | undefined;
}

/** Where the rollout is, since when and why, and what a person can do about it. */
export function RolloutHead({ view, run }: RolloutHeadProps) {
  const t = useMessages();
  const { rollout } = view;
  const { phase, spec, traffic } = rollout;
  const state = headState(rollout);
  const hold = holdOf(rollout);
  const phaseWords = t.rollout.phases[phase.name];
  return (
    <header className="rollout-head">
      <div className="row wrap">
        <StateBadge state={state} size="large" />
        <h1 className="grow">
          {t.rollout.title(spec.environment)} <span className="soft">{spec.version}</span>
        </h1>
        <RolloutActions view={view} />
      </div>
      <p className="row wrap soft">
        {phaseWords.toLowerCase() !== t.states[state] && (
          <strong className="rollout-phase">{phaseWords}</strong>
        )}
        {view.clusters === undefined && <span>{t.rollout.weight(formatPercent(rollout.weightPercent))}</span>}
        {spec.cluster !== undefined && view.leader !== undefined && (
          <Link className="link" to={`/rollouts/${view.leader}`}>
            {t.clusters.oneOf(spec.cluster)}
          </Link>
        )}
        {traffic !== undefined && traffic.match.length > 0 && (
          <span>{sayRoute(traffic.match, t.rollout)}</span>
        )}
        {traffic !== undefined && traffic.mirrorPercent > 0 && (
          <span>{t.rollout.mirror(formatPercent(traffic.mirrorPercent))}</span>
        )}
        {spec.work.traffic !== undefined && (
          <span>{t.rollout.sharedBy(`${spec.work.traffic.kind}/${spec.work.traffic.name}`)}</span>
        )}
        {'since' in phase && <RelativeTime at={phase.since} />}
        {'at' in phase && <RelativeTime at={phase.at} />}
        {'until' in phase && phase.until !== null && <Countdown at={phase.until} say={t.rollout.left} />}
        {phase.name === 'awaiting-approval' && <Countdown at={phase.expiresAt} say={t.stage.expires} />}
        {run !== undefined && (
          <Link className="link" to={`/runs/${run.id}?stage=${encodeURIComponent(view.stage)}`}>
            {t.run.title(run.pipeline, run.number)}
          </Link>
        )}
      </p>
      {'reason' in phase && (
        <p className="rollout-reason">
          {phase.name === 'frozen' && <>{t.freeze.by(phase.window)} </>}
          {phase.reason}
        </p>
      )}
      {hold !== null && (
        <p className="rollout-reason">
          {hold.isOfAll ? t.clusters.heldBy(hold.by) : t.rollout.heldBy(hold.by)}: {hold.reason}
        </p>
      )}
      {phase.name === 'rollback-blocked' && <p role="alert">{t.rollout.blockedRemedy}</p>}
    </header>
  );
}
