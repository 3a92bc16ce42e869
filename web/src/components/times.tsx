import { formatDuration } from '../format/duration.ts';
import { formatExact, formatRelative } from '../format/relative-time.ts';
import { useLanguage, useMessages } from '../messages/language-context.tsx';
import { useNow } from './use-now.ts';

/** `4 min. ago`, with the exact moment in the reader's zone on hover. */
export function RelativeTime({ at }: { readonly at: number }) {
  const { language } = useLanguage();
  const t = useMessages();
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at, language)}>
      {formatRelative(at, now, language) ?? t.time.now}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Duration({ from, to }: { readonly from: number; readonly to: number | null }) {
  const now = useNow(to === null);
  return <span>{formatDuration((to ?? Math.max(now, from)) - from)}</span>;
}

/** Time left until `at`. */
export function Countdown({ at, say }: { readonly at: number; readonly say: (time: string) => string }) {
  const now = useNow();
  return <>{say(formatDuration(Math.max(0, Math.ceil((at - now) / 1_000) * 1_000)))}</>;
}

/** The day and the time of a moment that is not near, in the reader's zone. */
export function ExactTime({ at }: { readonly at: number }) {
  const { language } = useLanguage();
  return <time dateTime={new Date(at).toISOString()}>{formatExact(at, language)}</time>;
}
