import { Fragment } from 'react';
import { Link } from 'react-router';
import type { WaitReason, WorkRef } from '@sluice/pipelines/schedule/wait-reason';
import { useMessages } from '../messages/language-context.tsx';
import { Countdown, RelativeTime } from './times.tsx';

/** Behind whom something waits, with links to those who come first. */
export function WaitWhy({ why }: { readonly why: WaitReason }) {
  const { waits: words, freeze } = useMessages();
  switch (why.kind) {
    case 'turn':
      return (
        <p className="stage-why soft">
          {words.turn(why.group)} <Refs refs={why.before} />
          {why.count > why.before.length && ` ${words.more(why.count - why.before.length)}`}
        </p>
      );
    case 'quota':
      return <p className="stage-why soft">{words.quota(why.project, why.running, why.limit, why.before)}</p>;
    case 'no-worker':
      return (
        <p className="stage-why soft">
          {words.noWorker(why.pool)}
          {why.lastSeenAt !== null && (
            <>
              {' '}
              {words.lastSeen} <RelativeTime at={why.lastSeenAt} />
            </>
          )}
        </p>
      );
    case 'line':
      return (
        <p className="stage-why soft">
          {words.line(why.before, why.pool, why.inUse, why.slots)}{' '}
          {why.next.length > 0 && (
            <>
              {words.next} <Refs refs={why.next} />
            </>
          )}
        </p>
      );
    case 'frozen':
      return (
        <p className="stage-why soft">
          {words.frozen(why.environment)} {freeze.by(why.window)} {why.reason}{' '}
          {why.until === null ? freeze.noEnd : <Countdown at={why.until} say={freeze.left} />}
        </p>
      );
    case 'handed-out':
      return <p className="stage-why soft">{words.handedOut(why.pool, why.inUse, why.slots)}</p>;
  }
}

function Refs({ refs }: { readonly refs: readonly WorkRef[] }) {
  return refs.map(({ runId, number, stage }, index) => (
    <Fragment key={`${runId} ${stage ?? ''}`}>
      {index > 0 && ', '}
      <Link className="link" to={`/runs/${runId}`}>
        #{number}
        {stage !== null && ` ${stage}`}
      </Link>
    </Fragment>
  ));
}
