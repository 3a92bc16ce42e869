import { Button } from '@mantine/core';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';
import type { Rerun, RunView } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useMessages } from '../messages/language-context.tsx';
import { hasFailures } from '../state/run-view.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { RerunDialog } from './rerun-dialog.tsx';

/** What a person may do with the run as it stands: cancel it, force the cancel, or run it again. */
export function RunActions({ run }: { readonly run: RunView }) {
  const t = useMessages();
  const [isCancelling, setCancelling] = useState(false);
  const [rerun, setRerun] = useState<Rerun['what'] | null>(null);
  const cancel = run.state?.cancel ?? null;
  const isForced = cancel?.forcedBy !== undefined;
  return (
    <>
      {run.finishedAt === null && !isForced && (
        <Button leftSection={<IconPlayerStop size={14} />} onClick={() => setCancelling(true)}>
          {cancel === null ? t.run.cancel : t.run.force}
        </Button>
      )}
      {run.finishedAt !== null && hasFailures(run) && (
        <Button leftSection={<IconRefresh size={14} />} onClick={() => setRerun('failed')}>
          {t.rerun.failedButton}
        </Button>
      )}
      {run.finishedAt !== null && (
        <Button leftSection={<IconRefresh size={14} />} onClick={() => setRerun('all')}>
          {t.rerun.button}
        </Button>
      )}
      {isCancelling && (
        <CancelDialog
          path={paths.cancelRun(run.id)}
          title={cancel === null ? t.run.cancelTitle(run.number) : t.run.forceTitle(run.number)}
          explain={cancel === null ? t.run.cancelExplain : t.run.forceExplain}
          action={cancel === null ? t.run.cancel : t.run.force}
          isForced={cancel !== null}
          onClose={() => setCancelling(false)}
        />
      )}
      {rerun !== null && <RerunDialog run={run} what={rerun} onClose={() => setRerun(null)} />}
    </>
  );
}
