import { templateLine, templatesOf } from '@sluice/pipelines/plan/templates-of';
import { Link } from 'react-router';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { Copyable, shortCommit } from './copyable.tsx';
import { RunActions } from './run-actions.tsx';
import { StateBadge } from './state-badge.tsx';
import { Duration, RelativeTime } from './times.tsx';
import './run-head.css';
import { WaitWhy } from './wait-why.tsx';

/** One line tells the state of the run; a second one where it comes from. */
export function RunHead({ run }: { readonly run: RunView }) {
  const t = useMessages();
  const wait = run.waits?.find(({ stage }) => stage === null);
  const cancelled = run.state?.cancel ?? null;
  const [subject = '', ...body] = run.commit.message.split('\n');
  return (
    <header className="run-head">
      <div className="row wrap">
        <StateBadge state={run.status} size="large" />
        <h1 className="grow">
          <Link to={`/runs?pipeline=${encodeURIComponent(run.pipeline)}`}>{run.pipeline}</Link>{' '}
          <span className="soft">#{run.number}</span> <span className="run-subject">{subject}</span>
        </h1>
        <RunActions run={run} />
      </div>
      <div className="row wrap soft run-meta" title={body.join('\n').trim() || undefined}>
        <span>{run.repository}</span>
        {run.plan?.file !== undefined && <code>{run.plan.file}</code>}
        {templatesOf(run.plan ?? { stages: [] }).map((each) => (
          <code key={templateLine(each)} title={each.commit ?? undefined}>
            {templateLine(each)}
          </code>
        ))}
        <span className="run-ref">{run.ref}</span>
        <Copyable value={run.commit.sha} shown={shortCommit(run.commit.sha)} />
        <span>{run.commit.author}</span>
        <span>
          {t.events[run.event]} · {t.run.startedBy(run.actor)} <RelativeTime at={run.createdAt} />
        </span>
        <span>
          <Duration from={run.createdAt} to={run.finishedAt} />
        </span>
      </div>
      {wait !== undefined && <WaitWhy why={wait.why} />}
      {cancelled !== null && <p className="soft">{t.run.cancelledBy(cancelled.by, cancelled.reason)}</p>}
      {cancelled?.forcedBy !== undefined && <p className="soft">{t.run.forcedBy(cancelled.forcedBy)}</p>}
      {run.willFail !== null && (
        <p className="will-fail" role="status">
          <strong>{t.run.willFail(run.willFail.stage)}</strong> {run.willFail.message}
        </p>
      )}
      <RunRelations run={run} />
    </header>
  );
}

/** The run that this one repeats, and those that repeat it. */
function RunRelations({ run: { rerunOf, reruns } }: { readonly run: RunView }) {
  const t = useMessages();
  if (rerunOf === null && reruns.length === 0) return null;
  return (
    <p className="soft">
      {rerunOf !== null && (
        <Link className="link" to={`/runs/${rerunOf.runId}`}>
          {t.rerun.repeats(rerunOf.number, rerunOf.by)}
        </Link>
      )}
      {reruns.map(({ id, number, by }) => (
        <Link key={id} className="link" to={`/runs/${id}`}>
          {' '}
          {t.rerun.repeatedBy(number, by)}
        </Link>
      ))}
    </p>
  );
}
