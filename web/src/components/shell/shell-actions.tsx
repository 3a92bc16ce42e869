import { Button } from '@mantine/core';
import { IconTerminal2, IconTrash } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import type { AttemptView } from '@sluice/pipelines/protocol/api';
import { paths } from '../../api/paths.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import type { StageOfRun } from '../../state/run-view.ts';
import { shellPlace } from '../../state/shell-place.ts';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { Countdown } from '../times.tsx';
import { useNow } from '../use-now.ts';

// The terminal brings a large library along: it is loaded when somebody opens one.
const ShellDialog = lazy(() => import('./shell-dialog.tsx'));

interface ShellActionsProps {
  readonly stage: StageOfRun;
  readonly attempt: AttemptView | undefined;
}

/** Into the stage while its steps run or while it is kept after it failed, and the end of the keeping. */
export function ShellActions({ stage, attempt }: ShellActionsProps) {
  const t = useMessages();
  const navigate = useNavigate();
  const { search, hash } = useLocation();
  const [entered, setEntered] = useState<AttemptView | null>(null);
  const [isReleasing, setReleasing] = useState(false);
  const release = useAction(() => setReleasing(false));
  const now = useNow((attempt?.heldUntil ?? null) !== null);
  const place = shellPlace(stage, attempt, now);
  const enter = (chosen: AttemptView) => {
    // The stage stays the one that is looked at, whatever else begins or fails meanwhile.
    const pinned = new URLSearchParams(search);
    pinned.set('stage', stage.planned.id);
    void navigate({ search: `?${pinned}`, hash }, { replace: true, preventScrollReset: true });
    setEntered(chosen);
  };
  return (
    <>
      {place !== null && attempt !== undefined && (
        <Button leftSection={<IconTerminal2 size={14} aria-hidden />} onClick={() => enter(attempt)}>
          {t.shell.button}
        </Button>
      )}
      {place?.kind === 'kept' && (
        <>
          <Button leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setReleasing(true)}>
            {t.shell.release}
          </Button>
          <span className="soft">
            <Countdown at={place.until} say={t.shell.kept} />
          </span>
        </>
      )}
      {entered !== null && (
        <Suspense>
          <ShellDialog attempt={entered} onClose={() => setEntered(null)} />
        </Suspense>
      )}
      {isReleasing && attempt !== undefined && (
        <ConfirmDialog
          title={t.shell.releaseTitle(stage.planned.id)}
          explain={t.shell.releaseExplain}
          action={t.shell.release}
          error={release.error}
          isBusy={release.isPending}
          onConfirm={() => release.mutate({ method: 'DELETE', path: paths.hold(attempt.id) })}
          onClose={() => setReleasing(false)}
        />
      )}
    </>
  );
}
