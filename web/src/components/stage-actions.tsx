import { Button } from '@mantine/core';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import type { AttemptView, RunView } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useMessages } from '../messages/language-context.tsx';
import type { StageOfRun } from '../state/run-view.ts';
import { isOver } from '../state/state-name.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { RerunDialog } from './rerun-dialog.tsx';
import { ShellActions } from './shell/shell-actions.tsx';

interface StageActionsProps {
  readonly run: RunView;
  readonly stage: StageOfRun;
  /** The one that is looked at. */
  readonly attempt: AttemptView | undefined;
}

/** What a person may do with one stage: enter it, cancel it, or run the run again from it on. */
export function StageActions({ run, stage, attempt }: StageActionsProps) {
  const t = useMessages();
  const [isCancelling, setCancelling] = useState(false);
  const [isRerunning, setRerunning] = useState(false);
  const { state, planned } = stage;
  const cancel = state?.status === 'running' ? (state.cancel ?? null) : null;
  const mayCancel = state !== null && !isOver(stage.shown) && run.state?.cancel === null;
  const mayForce = cancel?.forced === undefined && planned.work.kind !== 'deploy';
  return (
    <div className="row wrap">
      <ShellActions stage={stage} attempt={attempt} />
      {mayCancel && (cancel === null || mayForce) && (
        <Button size="xs" leftSection={<IconPlayerStop size={14} />} onClick={() => setCancelling(true)}>
          {cancel === null ? t.stage.cancel : t.run.force}
        </Button>
      )}
      {run.finishedAt !== null && (
        <Button size="xs" leftSection={<IconRefresh size={14} />} onClick={() => setRerunning(true)}>
          {t.rerun.fromButton}
        </Button>
      )}
      {isCancelling && (
        <CancelDialog
          path={paths.cancelStage(run.id, planned.id)}
          title={t.stage.cancelTitle(planned.id)}
          explain={cancel === null ? t.stage.cancelExplain : t.run.forceExplain}
          action={cancel === null ? t.stage.cancel : t.run.force}
          isForced={cancel !== null}
          onClose={() => setCancelling(false)}
        />
      )}
      {isRerunning && (
        <RerunDialog run={run} what={{ from: planned.id }} onClose={() => setRerunning(false)} />
      )}
    </div>
  );
}
