import { unreachable } from '@sluice/pipelines/result';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { formatDuration } from '../../format/duration.ts';
import { formatPercent } from '../../format/figure.ts';
import type { Messages } from '../../messages/en.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ladderOf, type Rung } from '../../state/rollout-ladder.ts';
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
            <span className="ladder-what">{say(rung, t)}</span>
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

function say(rung: Rung, { rollout }: Messages): string {
  if (rung.kind === 'promote') return rollout.promote;
  if (rung.kind === 'retire') return rollout.retire;
  if (rung.kind === 'bake') return rollout.bake(formatDuration(rung.forMs));
  const { step } = rung;
  switch (step.kind) {
    case 'set-weight':
      return rollout.weight(formatPercent(step.percent));
    case 'pause':
      return step.forMs === null ? rollout.pauseForever : rollout.pause(formatDuration(step.forMs));
    case 'analysis':
      return rollout.analysis(formatDuration(step.forMs));
    case 'approve':
      return rollout.approve(step.approval.count);
    default:
      return unreachable(step);
  }
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
