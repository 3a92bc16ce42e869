import { Link } from 'react-router';
import { useMessages } from '../messages/language-context.tsx';
import { stageSpan, type StageOfRun } from '../state/run-view.ts';
import { StateBadge } from './state-badge.tsx';
import { Duration } from './times.tsx';

/** The combinations of a matrix, each with a link to its own steps and log. */
export function CombinationList({ combinations }: { readonly combinations: readonly StageOfRun[] }) {
  const t = useMessages();
  if (combinations.length === 0) return null;
  return (
    <div>
      <h2>{t.stage.combinations(combinations.length)}</h2>
      <ol className="combination-list">
        {combinations.map(({ planned, shown, state }) => {
          const { startedAt, finishedAt } = stageSpan(state);
          return (
            <li key={planned.id}>
              <Link
                to={{ search: `?${new URLSearchParams({ stage: planned.id })}` }}
                replace
                preventScrollReset
              >
                <StateBadge state={shown} iconOnly />
                <span className="clip grow" title={planned.id}>
                  {valuesOf(planned.combination?.values ?? {})}
                </span>
                {startedAt !== null && (
                  <span className="soft">
                    <Duration from={startedAt} to={finishedAt} />
                  </span>
                )}
              </Link>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** `node 20, os linux` */
const valuesOf = (values: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === '' ? [] : [`${name} ${String(value)}`]))
    .join(', ');
