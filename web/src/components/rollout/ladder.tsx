import { unreachable } from '@sluice/pipelines/result';
import type { RequestMatch, RolloutStep } from '@sluice/pipelines/language/definition';
import { ladderOf, type Rung } from '@sluice/pipelines/rollout/ladder';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { formatDuration } from '../../format/duration.ts';
import { formatPercent } from '../../format/figure.ts';
import type { Messages } from '../../messages/en.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { phaseState, type StateName } from '../../state/state-name.ts';
import { StateBadge } from '../state-badge.tsx';

/** The steps from top to bottom: done, now, next. */
export function Ladder({ rollout }: { readonly rollout: Rollout }) {
  const t = useMessages();
  const { work } = rollout.spec;
  return (
    <section className="panel" aria-label={t.rollout.ladder}>
      <div className="panel-head">
        <h2 className="grow">{t.rollout.ladder}</h2>
        <span className="tag">{t.rollout.strategy[work.strategy]}</span>
      </div>
      <ol className="ladder">
        {ladderOf(rollout).map((rung, index) => (
          // Rungs never change places.
          <li
            key={index}
            data-standing={rung.standing}
            aria-current={rung.standing === 'now' ? 'step' : undefined}
          >
            <StateBadge state={stateOf(rung, rollout)} iconOnly />
            <span className="ladder-what">{sayRung(rung, t)}</span>
            {rung.kind === 'step' && rung.step.kind === 'set-weight' && (
              <span className="ladder-weight" aria-hidden>
                <i style={{ width: `${rung.step.percent}%` }} />
              </span>
            )}
            {(rung.standing === 'now' || rung.standing === 'next') && (
              <span className="tag accent">{t.rollout[rung.standing]}</span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function sayRung(rung: Rung, { rollout }: Messages): string {
  switch (rung.kind) {
    case 'stop':
      return rollout.stopOld;
    case 'promote':
      return rollout.promote;
    case 'bake':
      return rollout.bake(formatDuration(rung.forMs));
    case 'retire':
      return rollout.retire;
    case 'end':
      return rollout.endAsPlanned;
    case 'step':
      return sayStep(rung.step, rollout);
    default:
      return unreachable(rung);
  }
}

function sayStep(step: RolloutStep, rollout: Messages['rollout']): string {
  switch (step.kind) {
    case 'set-weight':
      return rollout.weight(formatPercent(step.percent));
    case 'set-route':
      return sayRoute(step.match, rollout);
    case 'set-mirror':
      return rollout.mirror(formatPercent(step.percent));
    case 'pause':
      return step.forMs === null ? rollout.pauseForever : rollout.pause(formatDuration(step.forMs));
    case 'analysis':
      return step.whole === true
        ? rollout.analysisWhole(formatDuration(step.forMs))
        : rollout.analysis(formatDuration(step.forMs));
    case 'approve':
      return rollout.approve(step.approval.count);
    default:
      return unreachable(step);
  }
}

/** `requests with cookie group=b` */
export function sayRoute(match: readonly RequestMatch[], rollout: Messages['rollout']): string {
  if (match.length === 0) return rollout.noRoute;
  return rollout.route(match.map(({ kind, name, value }) => rollout[kind](name, value)).join(' + '));
}

function stateOf({ standing }: Rung, rollout: Rollout): StateName {
  switch (standing) {
    case 'done':
      return 'succeeded';
    case 'now':
    case 'stopped':
      return phaseState(rollout.phase.name);
    case 'never':
      return 'skipped';
    default:
      return 'waiting';
  }
}
