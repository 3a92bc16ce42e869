import { useMessages } from '../messages/language-context.tsx';
import { stageSpan, type StageOfRun } from '../state/run-view.ts';
import { StateBadge } from './state-badge.tsx';
import { Duration } from './times.tsx';
import './stage-graph.css';

interface StageListProps {
  readonly stages: readonly StageOfRun[];
  readonly openId: string | null;
  readonly onSelect: (stage: string) => void;
}

/** The graph of a narrow screen: the stages in topological order. */
export function StageList({ stages, openId, onSelect }: StageListProps) {
  const t = useMessages();
  return (
    <ul className="stage-list panel" aria-label={t.run.graph}>
      {stages.map(({ planned, shown, state }) => {
        const { startedAt, finishedAt } = stageSpan(state);
        return (
          <li key={planned.id}>
            <button type="button" aria-pressed={planned.id === openId} onClick={() => onSelect(planned.id)}>
              <StateBadge state={shown} iconOnly />
              <span className="clip grow">{planned.id}</span>
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
