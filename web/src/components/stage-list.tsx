import { useMessages } from '../messages/language-context.tsx';
import { endedOf, type StageOfGraph } from '../state/matrix-groups.ts';
import { stageSpan } from '../state/run-view.ts';
import { StateBadge } from './state-badge.tsx';
import { Duration } from './times.tsx';
import './stage-graph.css';

interface StageListProps {
  readonly stages: readonly StageOfGraph[];
  readonly openId: string | null;
  readonly onSelect: (stage: string) => void;
}

/** The graph of a narrow screen: the stages in topological order. */
export function StageList({ stages, openId, onSelect }: StageListProps) {
  const t = useMessages();
  return (
    <ul className="stage-list panel" aria-label={t.run.graph}>
      {stages.map((stage) => {
        const { planned, shown, state, combinations } = stage;
        const { startedAt, finishedAt } = stageSpan(state);
        return (
          <li key={planned.id}>
            <button type="button" aria-pressed={planned.id === openId} onClick={() => onSelect(planned.id)}>
              <StateBadge state={shown} iconOnly />
              <span className="clip grow">{planned.id}</span>
              {combinations.length > 0 && (
                <span className="soft">{t.stage.combinationsEnded(endedOf(stage), combinations.length)}</span>
              )}
              <span className="soft">
                {startedAt === null ? t.states[shown] : <Duration from={startedAt} to={finishedAt} />}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
