import { Modal, type ModalProps } from '@mantine/core';
import { useMessages } from '../messages/language-context.tsx';

interface DialogProps extends Pick<ModalProps, 'size' | 'children'> {
  readonly title: string;
  readonly onClose: () => void;
}

/** A dialog that is open, whose cross has a name. */
export function Dialog({ title, ...rest }: DialogProps) {
  const t = useMessages();
  return (
    <Modal
      opened
      title={<strong>{title}</strong>}
      closeButtonProps={{ 'aria-label': t.actions.close }}
      {...rest}
    />
  );
}
