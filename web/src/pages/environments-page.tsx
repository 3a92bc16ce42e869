import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { EnvironmentView, ReleaseView } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useEnvironments } from '../api/queries.ts';
import { useAction } from '../api/use-action.ts';
import { EmptyState } from '../components/empty-state.tsx';
import { EnvironmentDialog } from '../components/environment-dialog.tsx';
import { EnvironmentCard } from '../components/environment-card.tsx';
import { FreezeDialog } from '../components/freeze-dialog.tsx';
import { ProblemCard } from '../components/problem-card.tsx';
import { ReasonDialog } from '../components/reason-dialog.tsx';
import { useMessages } from '../messages/language-context.tsx';

interface RollBack {
  readonly environment: EnvironmentView;
  readonly to: ReleaseView;
}

/** What runs where, since when, by whom? */
export function EnvironmentsPage() {
  const t = useMessages();
  const navigate = useNavigate();
  const { data, error, refetch } = useEnvironments();
  const [editing, setEditing] = useState<EnvironmentView | 'new' | null>(null);
  const [freezing, setFreezing] = useState<string | null>(null);
  const [asking, setAsking] = useState<RollBack | null>(null);
  const send = useAction<{ readonly runId: string }>(({ runId }) => void navigate(`/runs/${runId}`));
  const frozen = data?.environments.find(({ name }) => name === freezing);
  return (
    <>
      <div className="page-head">
        <h1>{t.environments.title}</h1>
        <div className="grow" />
        <Button leftSection={<IconPlus size={14} />} onClick={() => setEditing('new')}>
          {t.environments.add}
        </Button>
      </div>
      {error !== null && <ProblemCard error={error} onRetry={() => void refetch()} />}
      {data?.environments.length === 0 && (
        <EmptyState
          title={t.environments.emptyTitle}
          first={t.environments.emptyFirst}
          steps={t.environments.emptySteps}
        />
      )}
      <div className="environment-board">
        {data?.environments.map((environment) => (
          <EnvironmentCard
            key={environment.name}
            environment={environment}
            onEdit={() => setEditing(environment)}
            onFreeze={() => setFreezing(environment.name)}
            onRollBack={(to) => {
              send.reset();
              setAsking({ environment, to });
            }}
          />
        ))}
      </div>
      {editing !== null && (
        <EnvironmentDialog
          environment={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
      {frozen?.freeze !== undefined && (
        <FreezeDialog
          environment={frozen.name}
          rules={frozen.freeze.rules}
          onClose={() => setFreezing(null)}
        />
      )}
      {asking !== null && (
        <ReasonDialog
          title={t.environments.rollBackTitle(asking.environment.name)}
          explain={t.environments.rollBackExplain(
            asking.environment.current?.version ?? t.rollout.none,
            asking.to.version,
          )}
          action={t.environments.rollBackTo(asking.to.version)}
          isDanger
          needsReason
          error={send.error}
          isBusy={send.isPending}
          onConfirm={(reason) =>
            send.mutate({
              method: 'POST',
              path: paths.rollBack(asking.environment.name),
              body: { releaseId: asking.to.id, reason },
            })
          }
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}
