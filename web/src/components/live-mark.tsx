import { useLiveStatus } from '../api/live-context.tsx';
import { useMessages } from '../messages/language-context.tsx';
import './live-mark.css';

/** Whether what is shown is what happens now. */
export function LiveMark() {
  const t = useMessages();
  const status = useLiveStatus();
  return (
    <span className="live-mark" data-status={status} title={t.live.explain[status]} role="status">
      <i aria-hidden />
      <span>{t.live[status]}</span>
    </span>
  );
}
