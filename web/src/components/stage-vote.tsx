import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Vote } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { ReasonDialog } from './reason-dialog.tsx';
import { useShortcuts } from './use-shortcuts.ts';

/** Approve or reject an approve stage. */
export function StageVote({ runId, stage }: { readonly runId: string; readonly stage: string }) {
  const t = useMessages();
  const [asking, setAsking] = useState<Vote['verdict'] | null>(null);
  const send = useAction(() => setAsking(null));
  useShortcuts({ a: () => setAsking('approved') });
  return (
    <>
      <Button variant="filled" onClick={() => setAsking('approved')} rightSection={<kbd>a</kbd>}>
        {t.rollout.approveAction}
      </Button>
      <Button onClick={() => setAsking('rejected')}>{t.rollout.rejectAction}</Button>
      {asking !== null && (
        <ReasonDialog
          title={
            asking === 'approved'
              ? `${t.rollout.approveAction}: ${stage}`
              : `${t.rollout.rejectAction}: ${stage}`
          }
          explain={t.run.approvalWaits(stage)}
          action={asking === 'approved' ? t.rollout.approveAction : t.rollout.rejectAction}
          isDanger={asking === 'rejected'}
          needsReason={asking === 'rejected'}
          error={send.error}
          isBusy={send.isPending}
          onConfirm={(reason) =>
            send.mutate({
              method: 'POST',
              path: paths.vote(runId, stage),
              body: { verdict: asking, reason: reason || null, decisionHash: null } satisfies Vote,
            })
          }
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}
