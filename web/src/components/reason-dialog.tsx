import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useMessages } from '../messages/language-context.tsx';
import { Dialog } from './dialog.tsx';
import { ProblemCard } from './problem-card.tsx';

interface ReasonDialogProps {
  readonly title: string;
  readonly explain: string;
  readonly action: string;
  readonly isDanger?: boolean;
  /** False: the reason may stay empty. */
  readonly needsReason: boolean;
  readonly error: Error | null;
  readonly isBusy: boolean;
  readonly onConfirm: (reason: string) => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** Asks before something that cannot be undone, with a reason that is kept. Ctrl+Enter confirms. */
export function ReasonDialog(props: ReasonDialogProps) {
  const t = useMessages();
  const [reason, setReason] = useState('');
  const isReady = !props.needsReason || reason.trim() !== '';
  const confirm = () => {
    if (isReady && !props.isBusy) props.onConfirm(reason.trim());
  };
  return (
    <Dialog onClose={props.onClose} title={props.title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          confirm();
        }}
      >
        <p>{props.explain}</p>
        {props.children}
        <Textarea
          label={props.needsReason ? t.rollout.reason : t.rollout.optionalReason}
          description={t.rollout.reasonHint}
          required={props.needsReason}
          value={reason}
          data-autofocus
          autosize
          minRows={2}
          onChange={(event) => setReason(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) confirm();
          }}
        />
        {props.error !== null && <ProblemCard error={props.error} />}
        <div className="row dialog-actions">
          <Button onClick={props.onClose}>{t.actions.cancel}</Button>
          <Button
            type="submit"
            variant="filled"
            {...(props.isDanger === true ? { className: 'danger' } : {})}
            disabled={!isReady}
            loading={props.isBusy}
          >
            {props.action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
