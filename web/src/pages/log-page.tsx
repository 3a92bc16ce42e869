import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { useRun } from '../api/queries.ts';
import { LogView } from '../components/log-view.tsx';
import { ProblemCard } from '../components/problem-card.tsx';
import { StateBadge } from '../components/state-badge.tsx';
import { useTabTitle } from '../components/use-tab-title.ts';
import { useMessages } from '../messages/language-context.tsx';
import { runHeadline, stagesOf, stepsOfLog } from '../state/run-view.ts';
import { isOver } from '../state/state-name.ts';
import { readTargetLine } from '../state/target-line.ts';
import { NotFoundPage } from './not-found-page.tsx';
import './log-page.css';

/** One log on the whole screen. */
export function LogPage() {
  const t = useMessages();
  const { id = '', attemptId = '' } = useParams();
  const navigate = useNavigate();
  const { hash } = useLocation();
  const { data: run, error, refetch } = useRun(id);
  useTabTitle(run === undefined ? null : runHeadline(run));
  if (run === undefined)
    return error === null ? null : <ProblemCard error={error} onRetry={() => void refetch()} />;
  const attempt = run.attempts.find((candidate) => candidate.id === attemptId);
  const stage = stagesOf(run).find(({ planned }) => planned.id === attempt?.stage);
  if (attempt === undefined || stage === undefined) return <NotFoundPage />;
  return (
    <div className="log-page">
      <div className="row wrap">
        <h1>
          <Link className="link" to={`/runs/${run.id}?stage=${encodeURIComponent(attempt.stage)}`}>
            {t.run.title(run.pipeline, run.number)}
          </Link>{' '}
          {attempt.stage}
        </h1>
        <StateBadge state={stage.shown} />
        <span className="soft">{t.stage.attempt(attempt.attempt)}</span>
      </div>
      <div className="panel">
        <LogView
          key={attempt.id}
          attempt={attempt}
          steps={stepsOfLog(stage, attempt)}
          isRunning={attempt === stage.attempts[0] && !isOver(stage.shown)}
          target={readTargetLine(hash)}
          onTarget={(n) => void navigate({ hash: `L${n + 1}` }, { replace: true, preventScrollReset: true })}
        />
      </div>
    </div>
  );
}
