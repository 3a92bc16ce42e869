import { useAudit } from '../../api/queries.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { RelativeTime } from '../times.tsx';
import { SettingsList } from './settings-list.tsx';

export function AuditSection() {
  const t = useMessages();
  const words = t.settings.audit;
  const query = useAudit();
  const entries = query.data?.entries ?? [];
  return (
    <SettingsList
      title={t.settings.sections.audit}
      explain={words.explain}
      query={query}
      columns={[words.who, words.what, words.from, t.runs.columns.time]}
      isEmpty={entries.length === 0}
      empty={words.empty}
    >
      {entries.map((entry) => (
        <tr key={entry.id}>
          <td>
            <strong>{entry.who}</strong>
          </td>
          <td>
            {entry.action.replaceAll('-', ' ')} <span className="mono">{entry.subject}</span>
          </td>
          <td className="mono soft">{entry.from ?? words.engine}</td>
          <td className="soft">
            <RelativeTime at={entry.at} />
          </td>
        </tr>
      ))}
    </SettingsList>
  );
}
