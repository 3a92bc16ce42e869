import type { FreezeView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { StateBadge } from './state-badge.tsx';
import { Countdown, ExactTime } from './times.tsx';

/** Frozen now, by what and until when, or the freeze that comes next. Nothing where no window is ever open. */
export function EnvironmentFreeze({ freeze: { now, next } }: { readonly freeze: FreezeView }) {
  const words = useMessages().freeze;
  const begins = next?.since ?? null;
  if (now === null && begins === null) return null;
  return (
    <div className="environment-freeze">
      {now !== null && (
        <p className="row wrap">
          <StateBadge state="held" iconOnly />
          <strong>{words.frozen}</strong>
          <span>
            {words.by(now.window)} {now.reason}
          </span>
          <span className="soft">
            {now.until === null ? (
              words.noEnd
            ) : (
              <>
                {words.until} <ExactTime at={now.until} /> (<Countdown at={now.until} say={words.left} />)
              </>
            )}
          </span>
        </p>
      )}
      {next !== null && begins !== null && (
        <p className="soft">
          {words.next}: <ExactTime at={begins} />, {words.by(next.window)} {next.reason}
        </p>
      )}
    </div>
  );
}
