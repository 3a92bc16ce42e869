import { Button } from '@mantine/core';
import { useMessages } from '../messages/language-context.tsx';
import { Dialog } from './dialog.tsx';
import { ProblemCard } from './problem-card.tsx';

interface ConfirmDialogProps {
  readonly title: string;
  readonly explain: string;
  readonly action: string;
  readonly error: Error | null;
  readonly isBusy: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something is removed. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const t = useMessages();
  return (
    <Dialog onClose={props.onClose} title={props.title}>
      <div className="stack">
        <p>{props.explain}</p>
        {props.error !== null && <ProblemCard error={props.error} />}
        <div className="row dialog-actions">
          <Button onClick={props.onClose}>{t.actions.cancel}</Button>
          <Button variant="filled" className="danger" loading={props.isBusy} onClick={props.onConfirm}>
            {props.action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
