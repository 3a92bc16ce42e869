import { Button, Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useRef, useState } from 'react';
import type { AttemptView } from '@sluice/pipelines/protocol/api';
import type { ShellOver } from '../../api/shell-socket.ts';
import { useMessages } from '../../messages/language-context.tsx';
import type { Messages } from '../../messages/en.ts';
import { ShellTerminal } from './shell-terminal.tsx';
import './shell.css';

interface ShellDialogProps {
  readonly attempt: AttemptView;
  readonly onClose: () => void;
}

/** A shell, and how it ended. Esc belongs to the shell: only the buttons close it. */
export default function ShellDialog({ attempt, onClose }: ShellDialogProps) {
  const t = useMessages();
  const isNarrow = useMediaQuery('(max-width: 760px)', window.innerWidth <= 760);
  const [round, setRound] = useState(1);
  const [isOpen, setOpen] = useState(false);
  const [over, setOver] = useState<ShellOver | null>(null);
  const close = useRef<HTMLButtonElement>(null);
  const openAnother = () => {
    setOpen(false);
    setOver(null);
    setRound(round + 1);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnEscape={false}
      closeOnClickOutside={false}
      withCloseButton={false}
      padding={0}
      size={1080}
      fullScreen={isNarrow}
      title={null}
      aria-label={t.shell.title(attempt.stage)}
      classNames={{ content: 'shell-dialog', body: 'shell-body' }}
    >
      <header className="shell-head">
        <strong className="clip">{t.shell.title(attempt.stage)}</strong>
        <span className="soft clip grow">
          {t.stage.attempt(attempt.attempt)}
          {attempt.worker !== null && ` ${t.stage.worker(attempt.worker)}`}
        </span>
        <Button ref={close} onClick={onClose} aria-label={t.shell.close}>
          {t.actions.close}
        </Button>
      </header>
      <ShellTerminal
        key={round}
        attemptId={attempt.id}
        label={t.shell.terminal(attempt.stage)}
        onOpened={() => setOpen(true)}
        onEnded={setOver}
        onLeave={() => close.current?.focus()}
      />
      <footer className="shell-foot">
        <div className="grow" role="status">
          {over !== null && <ShellEnding over={over} />}
          {over === null && !isOpen && <span className="soft">{t.shell.connecting}</span>}
          {over === null && isOpen && (
            <span className="soft">
              {t.shell.keys} <kbd>Shift</kbd> <kbd>F6</kbd> {t.shell.leave}. {t.shell.audited}
            </span>
          )}
        </div>
        {over !== null && mayOpenAnother(over) && (
          <Button variant="filled" onClick={openAnother}>
            {t.shell.another}
          </Button>
        )}
      </footer>
    </Modal>
  );
}

function ShellEnding({ over }: { readonly over: ShellOver }) {
  const t = useMessages();
  const isLeft = over.kind === 'ended' && over.reason === 'exited' && over.exitCode !== null;
  return (
    <span className="shell-ended" data-left={isLeft}>
      <strong>{isLeft ? t.shell.endedWith(over.exitCode ?? 0) : t.shell.ended}</strong>
      {!isLeft && <> · {wordsOf(over, t)}</>}
    </span>
  );
}

/** The server's own words, where there are any. */
function wordsOf(over: ShellOver, t: Messages): string {
  return over.kind === 'ended' ? over.message : t.shell[over.kind];
}

/** Nothing is left to enter where the stage has ended or nothing was ever kept. */
function mayOpenAnother(over: ShellOver): boolean {
  return over.kind !== 'ended' || !['stage-ended', 'released', 'not-open'].includes(over.reason);
}
