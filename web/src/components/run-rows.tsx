import { Button } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'react-router';
import type { RunSummary } from '@sluice/pipelines/protocol/api';
import { formatDuration } from '../format/duration.ts';
import { useMessages } from '../messages/language-context.tsx';
import type { LiveRuns } from '../state/use-runs-list.ts';
import { usualDuration } from '../state/usual-duration.ts';
import { shortCommit } from './copyable.tsx';
import { StageStrip } from './stage-strip.tsx';
import { StateBadge } from './state-badge.tsx';
import { Duration, RelativeTime } from './times.tsx';
import './run-rows.css';

interface RunRowsProps {
  readonly runs: LiveRuns;
  readonly shown: readonly RunSummary[];
  readonly selected: string | null;
}

/** The list of runs. While the pointer or the focus is on it, new runs wait above it as a count. */
export function RunRows({ runs, shown, selected }: RunRowsProps) {
  const t = useMessages();
  const { list, tell } = runs;
  const hold = (held: boolean) => tell({ kind: 'held', held });
  return (
    <div
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <div className="new-runs" aria-live="polite">
        {list.pending.length > 0 && (
          <button type="button" onClick={() => tell({ kind: 'revealed' })}>
            {t.runs.newRuns(list.pending.length)}
          </button>
        )}
      </div>
      <ul className="run-rows panel">
        {shown.map((run) => (
          <RunRow
            key={run.id}
            run={run}
            isSelected={run.id === selected}
            usualMs={usualDuration(list.rows, run.pipeline)}
          />
        ))}
      </ul>
      <p className="run-rows-end soft">
        {runs.hasOlder ? <Button onClick={runs.loadOlder}>{t.runs.older}</Button> : t.runs.end}
      </p>
    </div>
  );
}

interface RunRowProps {
  readonly run: RunSummary;
  readonly isSelected: boolean;
  readonly usualMs: number | null;
}

const RunRow = memo(function RunRow({ run, isSelected, usualMs }: RunRowProps) {
  const t = useMessages();
  const { commit } = run;
  return (
    <li id={`run-${run.id}`} data-selected={isSelected} data-state={run.status}>
      <Link to={`/runs/${run.id}`} className="run-row" aria-current={isSelected ? 'true' : undefined}>
        <span className="run-state">
          <StateBadge state={run.status} />
        </span>
        <span className="run-what">
          <span className="run-message clip">{firstLine(commit.message)}</span>
          <span className="run-where soft clip">
            <b>{run.pipeline}</b> #{run.number} · <span className="run-ref">{run.ref}</span> ·{' '}
            <span className="mono">{shortCommit(commit.sha)}</span> · {commit.author}
            {run.event !== 'push' && <> · {t.events[run.event]}</>}
            {run.willFail !== null && (
              <b className="run-will-fail"> · {t.run.willFail(run.willFail.stage)}</b>
            )}
          </span>
        </span>
        <span className="run-stages">
          {run.stages.length === 0 ? (
            <span className="run-broken">{t.runs.broken}</span>
          ) : (
            <StageStrip stages={run.stages} />
          )}
        </span>
        <span className="run-time">
          <RelativeTime at={run.createdAt} />
          <span className="soft" title={usualMs === null ? undefined : t.runs.usual(formatDuration(usualMs))}>
            <Duration from={run.createdAt} to={run.finishedAt} />
            {usualMs !== null && isUnusual(run, usualMs) && (
              <span className="run-usual"> · {t.runs.usual(formatDuration(usualMs))}</span>
            )}
          </span>
        </span>
      </Link>
    </li>
  );
});

const firstLine = (message: string): string => message.split('\n', 1)[0] ?? '';

/** Half as long again as usual, or more. */
function isUnusual(run: RunSummary, usualMs: number): boolean {
  return run.finishedAt !== null && run.finishedAt - run.createdAt > usualMs * 1.5;
}
