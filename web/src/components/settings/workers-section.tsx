import { useWorkers } from '../../api/queries.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { RelativeTime } from '../times.tsx';
import { SettingsList } from './settings-list.tsx';

export function WorkersSection() {
  const t = useMessages();
  const words = t.settings.workers;
  const query = useWorkers();
  const workers = query.data?.workers ?? [];
  return (
    <SettingsList
      title={t.settings.sections.workers}
      explain={words.explain}
      query={query}
      columns={[words.name, words.pool, words.slots, words.seen]}
      isEmpty={workers.length === 0}
      empty={words.empty}
    >
      {workers.map((worker) => (
        <tr key={worker.id}>
          <td>
            <strong>{worker.id}</strong>
            {worker.leaving && <span className="soft"> · {words.leaving}</span>}
          </td>
          <td>{worker.pool}</td>
          <td>
            {worker.busy} / {worker.slots}
          </td>
          <td className="soft">
            <RelativeTime at={worker.lastSeenAt} />
          </td>
        </tr>
      ))}
    </SettingsList>
  );
}
