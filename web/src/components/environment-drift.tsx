import { IconAlertTriangle } from '@tabler/icons-react';
import type { DriftView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { RelativeTime } from './times.tsx';

/** What differs from the release, who changed it and since when; nothing where it runs as it was released. */
export function EnvironmentDrift({ drift }: { readonly drift: DriftView }) {
  const words = useMessages().environments.drift;
  if (drift.problem !== null) return <p className="soft">{words.unread(drift.problem)}</p>;
  if (drift.since === null) return null;
  return (
    <div className="environment-drift" role="status">
      <p className="row">
        <IconAlertTriangle size={16} aria-hidden />
        <strong>{words.title}</strong>
        <span className="soft">
          {words.since} <RelativeTime at={drift.since} />
        </span>
      </p>
      <ul>
        {drift.differences.map(({ what, found, expected, by }) => (
          <li key={what}>
            {words.what[what]}
            {what !== 'gone' && <>: {words.line(found, expected)}</>}
            {by !== null && <span className="soft">, {words.by(by)}</span>}
          </li>
        ))}
      </ul>
      <p className="soft">{words.remedy}</p>
    </div>
  );
}
