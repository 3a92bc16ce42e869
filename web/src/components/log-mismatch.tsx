import { IconAlertTriangle } from '@tabler/icons-react';
import { formatCount } from '../format/figure.ts';
import { useMessages } from '../messages/language-context.tsx';
import type { LogEnd } from '../state/log-store.ts';
import { shortHash } from './copyable.tsx';
import './cards.css';

/** Loud: the server's log is not the one that the worker wrote. */
export function LogMismatch({ end, stored }: { readonly end: LogEnd; readonly stored: number }) {
  const t = useMessages();
  return (
    <div className="problem-card log-mismatch" role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <div>
        <strong>{t.log.mismatch}</strong>
        <p>{t.log.mismatchExplain(formatCount(end.lines), formatCount(stored), shortHash(end.digest))}</p>
      </div>
    </div>
  );
}
