import { CopyButton, UnstyledButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useMessages } from '../messages/language-context.tsx';
import './copyable.css';

interface CopyableProps {
  /** What is copied, and shown on hover. */
  readonly value: string;
  /** What is shown; default: the value. */
  readonly shown?: string;
}

/** A digest, commit or token: short to look at, whole on hover and when copied. */
export function Copyable({ value, shown = value }: CopyableProps) {
  const t = useMessages();
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <UnstyledButton
          className="copyable mono"
          onClick={copy}
          title={value}
          aria-label={`${t.actions.copy}: ${shown}`}
        >
          <span className="clip">{shown}</span>
          {copied ? <IconCheck size={13} aria-hidden /> : <IconCopy size={13} aria-hidden />}
          <span className="visually-hidden" role="status">
            {copied ? t.actions.copied : ''}
          </span>
        </UnstyledButton>
      )}
    </CopyButton>
  );
}

/** `registry/shop@sha256:0123456789ab…`: the digest is what counts, so its beginning stays visible. */
export function shortImage(image: string): string {
  const [name = image, digest] = image.split('@sha256:');
  const last = name.split('/').at(-1) ?? name;
  return digest === undefined ? last : `${last}@sha256:${digest.slice(0, 12)}…`;
}

export const shortHash = (hash: string): string => hash.slice(0, 12);
export const shortCommit = (sha: string): string => sha.slice(0, 7);
