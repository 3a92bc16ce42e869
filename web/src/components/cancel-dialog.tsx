import { useAction } from '../api/use-action.ts';
import { ReasonDialog } from './reason-dialog.tsx';

interface CancelDialogProps {
  /** Of the run or of the stage. */
  readonly path: string;
  readonly title: string;
  readonly explain: string;
  readonly action: string;
  /** The second cancel, which does not wait for clean-up. */
  readonly isForced: boolean;
  readonly onClose: () => void;
}

/** Asks for the reason of a cancel, which is kept. Forcing one that has its reason needs none. */
export function CancelDialog({ path, title, explain, action, isForced, onClose }: CancelDialogProps) {
  const cancel = useAction(onClose);
  return (
    <ReasonDialog
      title={title}
      explain={explain}
      action={action}
      isDanger
      needsReason={!isForced}
      error={cancel.error}
      isBusy={cancel.isPending}
      onConfirm={(reason) => cancel.mutate({ method: 'POST', path, body: { reason, force: isForced } })}
      onClose={onClose}
    />
  );
}
