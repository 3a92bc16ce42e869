import { Button } from '@mantine/core';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { Copyable, shortCommit } from './copyable.tsx';
import { ProblemCard } from './problem-card.tsx';
import { ReasonDialog } from './reason-dialog.tsx';
import { StateBadge } from './state-badge.tsx';
import { Duration, RelativeTime } from './times.tsx';
import './run-head.css';

/** One line tells the state of the run; a second one where it comes from. */
export function RunHead({ run }: { readonly run: RunView }) {
  const t = useMessages();
  const cancelled = run.state?.cancel ?? null;
  const [subject = '', ...body] = run.commit.message.split('\n');
  return (
    <header className="run-head">
      <div className="row wrap">
        <StateBadge state={run.status} size="large" />
        <h1 className="grow">
          <Link to={`/runs?pipeline=${encodeURIComponent(run.pipeline)}`}>{run.pipeline}</Link>{' '}
          <span className="soft">#{run.number}</span> <span className="run-subject">{subject}</span>
        </h1>
        <RunActions run={run} />
      </div>
      <div className="row wrap soft run-meta" title={body.join('\n').trim() || undefined}>
        <span>{run.repository}</span>
        <span className="run-ref">{run.ref}</span>
        <Copyable value={run.commit.sha} shown={shortCommit(run.commit.sha)} />
        <span>{run.commit.author}</span>
        <span>
          {t.events[run.event]} · {t.run.startedBy(run.actor)} <RelativeTime at={run.createdAt} />
        </span>
        <span>
          <Duration from={run.createdAt} to={run.finishedAt} />
        </span>
      </div>
      {cancelled !== null && <p className="soft">{t.run.cancelledBy(cancelled.by, cancelled.reason)}</p>}
    </header>
  );
}

function RunActions({ run }: { readonly run: RunView }) {
  const t = useMessages();
  const navigate = useNavigate();
  const [isCancelling, setCancelling] = useState(false);
  const cancel = useAction(() => setCancelling(false));
  const again = useAction<{ readonly runId: string }>(({ runId }) => void navigate(`/runs/${runId}`));
  return (
    <>
      {run.finishedAt === null && (
        <Button leftSection={<IconPlayerStop size={14} />} onClick={() => setCancelling(true)}>
          {t.run.cancel}
        </Button>
      )}
      {run.finishedAt !== null && run.event !== 'tag' && (
        <Button
          leftSection={<IconRefresh size={14} />}
          title={t.run.againExplain}
          loading={again.isPending}
          onClick={() =>
            again.mutate({
              method: 'POST',
              path: paths.startRun,
              body: { repository: run.repository, branch: run.ref, commit: run.commit.sha },
            })
          }
        >
          {t.run.again}
        </Button>
      )}
      {again.error !== null && <ProblemCard error={again.error} />}
      {isCancelling && (
        <ReasonDialog
          title={t.run.cancelTitle(run.number)}
          explain={t.run.cancelExplain}
          action={t.run.cancel}
          isDanger
          needsReason
          error={cancel.error}
          isBusy={cancel.isPending}
          onConfirm={(reason) =>
            cancel.mutate({ method: 'POST', path: paths.cancelRun(run.id), body: { reason } })
          }
          onClose={() => setCancelling(false)}
        />
      )}
    </>
  );
}
