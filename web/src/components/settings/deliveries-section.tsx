import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link } from 'react-router';
import type { DeliveryView } from '@sluice/pipelines/protocol/api';
import { paths } from '../../api/paths.ts';
import { useDeliveries } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { RelativeTime } from '../times.tsx';
import { SettingsList } from './settings-list.tsx';

export function DeliveriesSection() {
  const t = useMessages();
  const words = t.settings.deliveries;
  const query = useDeliveries();
  const deliveries = query.data?.deliveries ?? [];
  const replay = useAction(() => {
    notifications.show({ message: words.replayed });
  });
  return (
    <>
      {replay.error !== null && <ProblemCard error={replay.error} />}
      <SettingsList
        title={t.settings.sections.deliveries}
        explain={words.explain}
        query={query}
        columns={[t.startRun.repository, words.outcome, t.runs.columns.time, '']}
        isEmpty={deliveries.length === 0}
        empty={words.empty}
      >
        {deliveries.map((delivery) => (
          <DeliveryRow
            key={delivery.id}
            delivery={delivery}
            onReplay={() => replay.mutate({ method: 'POST', path: paths.replayDelivery(delivery.id) })}
          />
        ))}
      </SettingsList>
    </>
  );
}

interface DeliveryRowProps {
  readonly delivery: DeliveryView;
  readonly onReplay: () => void;
}

function DeliveryRow({ delivery, onReplay }: DeliveryRowProps) {
  const words = useMessages().settings.deliveries;
  return (
    <tr>
      <td>
        <strong>{delivery.repository ?? '–'}</strong>
        <br />
        <span className="soft">
          {delivery.provider} · {delivery.event}
        </span>
      </td>
      <td>
        <span className="tag">{words.statuses[delivery.status]}</span>{' '}
        {delivery.runIds.map((id) => (
          <Link key={id} className="link" to={`/runs/${id}`}>
            {words.run}{' '}
          </Link>
        ))}
        {delivery.reason}
      </td>
      <td className="soft">
        <RelativeTime at={delivery.receivedAt} />
      </td>
      <td>
        <Button size="compact-xs" variant="subtle" onClick={onReplay}>
          {words.replay}
        </Button>
      </td>
    </tr>
  );
}
