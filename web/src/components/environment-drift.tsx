import { IconAlertTriangle } from '@tabler/icons-react';
import type { DriftView } from '@sluice/pipelines/protocol/api';
import { missingInWords, rulesToAdd } from '@sluice/pipelines/rollout/missing-rights';
import { useMessages } from '../messages/language-context.tsx';
import { RelativeTime } from './times.tsx';

interface EnvironmentDriftProps {
  /** Null: the environment is one place. */
  readonly cluster: string | null;
  readonly drift: DriftView;
}

/** Why a place could not be looked at, what differs from its release, who changed it and since when, and which rights are missing. */
export function EnvironmentDrift({ cluster, drift }: EnvironmentDriftProps) {
  const words = useMessages().environments.drift;
  const missing = drift.missingRights ?? [];
  const isUnread = drift.triedAt === undefined || drift.triedAt !== drift.lookedAt;
  return (
    <div className="environment-drift" role="status">
      {(cluster !== null || drift.since !== null) && (
        <p className="row wrap">
          <IconAlertTriangle size={16} aria-hidden />
          {cluster !== null && <strong>{cluster}</strong>}
          {drift.since !== null && (
            <>
              <strong>{words.title}</strong>
              <span className="soft">
                {words.since} <RelativeTime at={drift.since} />
              </span>
            </>
          )}
        </p>
      )}
      {drift.problem !== null && <p>{isUnread ? words.unread(drift.problem) : drift.problem}</p>}
      {drift.differences.length > 0 && <Differences differences={drift.differences} />}
      {missing.length > 0 && (
        <>
          <p>{words.missing(missingInWords(missing))}</p>
          <pre className="mono">{rulesToAdd(missing).join('\n')}</pre>
        </>
      )}
    </div>
  );
}

function Differences({ differences }: Pick<DriftView, 'differences'>) {
  const words = useMessages().environments.drift;
  return (
    <>
      <ul>
        {differences.map(({ what, found, expected, by }) => (
          <li key={what}>
            {words.what[what]}
            {what !== 'gone' && <>: {words.line(found, expected)}</>}
            {by !== null && <span className="soft">, {words.by(by)}</span>}
          </li>
        ))}
      </ul>
      <p className="soft">{words.remedy}</p>
    </>
  );
}
