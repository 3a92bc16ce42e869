import {
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
  type CSSProperties,
  type ReactNode,
  type Ref,
} from 'react';
import type { AttemptView } from '@sluice/pipelines/protocol/api';
import { formatCount } from '../format/figure.ts';
import { useMessages } from '../messages/language-context.tsx';
import { lineAt } from '../state/log-buffer.ts';
import { styleBefore } from '../state/line-style.ts';
import { lineOfRow, rowCount, rowOfLine, stretches } from '../state/log-folds.ts';
import { findHeadEnd, findStepStart } from '../state/step-starts.ts';
import { useFolds } from '../state/use-folds.ts';
import { useLogStore } from '../state/use-log-store.ts';
import { LogLine } from './log-line.tsx';
import { LogMismatch } from './log-mismatch.tsx';
import { LogRows, type LogRowsHandle } from './log-rows.tsx';
import { LogWholeLine } from './log-whole-line.tsx';
import { LogToolbar } from './log-toolbar.tsx';
import { ProblemCard } from './problem-card.tsx';
import type { StepOfLog } from './step-tag.tsx';
import { useLogSearch } from './use-log-search.ts';
import { useShortcuts } from './use-shortcuts.ts';
import './log-view.css';

export interface LogViewHandle {
  readonly showStep: (step: number) => void;
}

interface LogViewProps {
  readonly attempt: AttemptView;
  /** In the order of the plan. */
  readonly steps: readonly StepOfLog[];
  /** The attempt has not ended. */
  readonly isRunning: boolean;
  /** Line number from the address, from 0; null: none. */
  readonly target: number | null;
  readonly onTarget: (n: number) => void;
  readonly corner?: ReactNode;
  readonly ref?: Ref<LogViewHandle>;
}

const rowHeight = 18;

/** One attempt's log: opens at its end, or at the line of the address, and reads only what is looked at. */
export function LogView({ attempt, steps, isRunning, target, onTarget, corner, ref }: LogViewProps) {
  const t = useMessages();
  const { store, snapshot } = useLogStore(attempt.id, attempt.logLines);
  const { log } = snapshot;
  const stated = snapshot.end ?? attempt.log;
  // The run may tell of the log's end before the last lines have arrived here.
  const end = stated !== null && (!stated.verified || log.total >= stated.lines) ? stated : null;
  const isGrowing = end === null && (isRunning || stated !== null);
  const rows = useRef<LogRowsHandle>(null);
  const [follow, setFollow] = useState(target === null);
  const [withTimes, setWithTimes] = useState(readWithTimes);
  const showTimes = (show: boolean) => {
    window.localStorage.setItem(timesKey, String(show));
    setWithTimes(show);
  };
  const searchInput = useRef<HTMLInputElement>(null);
  const folding = useFolds(store, log.total);
  const { folds } = folding;
  const go = (n: number) => {
    setFollow(false);
    const left = folding.reveal(n);
    // After the state above has been drawn, or following would take the view back to the end.
    window.requestAnimationFrame(() => rows.current?.scrollToRow(rowOfLine(left, n)));
  };
  const search = useLogSearch(attempt.id, log, go);
  useEffect(() => {
    if (!snapshot.isOpen || target === null) return;
    const drawn = window.requestAnimationFrame(() =>
      rows.current?.scrollToRow(rowOfLine(folding.reveal(target), target)),
    );
    return () => window.cancelAnimationFrame(drawn);
    // Only a new target moves the view, a fold does not.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [snapshot.isOpen, target]);
  const link = (n: number) => {
    setFollow(false);
    onTarget(n);
  };
  const goToLine = (n: number) => {
    const line = Math.max(0, Math.min(n, log.total - 1));
    link(line);
    go(line);
  };
  const showStep = async (step: number) => {
    const headEnd = await findHeadEnd(log.total, store.readLine);
    const start = await findStepStart(step, log.total, headEnd, store.readLine);
    if (start !== null) go(start);
  };
  useImperativeHandle(ref, () => ({ showStep: (step) => void showStep(step) }));
  useShortcuts({
    f: () => setFollow(!follow),
    t: () => showTimes(!withTimes),
    '/': () => searchInput.current?.focus(),
  });
  const renderRow = (row: number) => {
    const n = lineOfRow(folds, row);
    const line = lineAt(log, n);
    const before = n === 0 ? undefined : lineAt(log, n - 1);
    const isFirstOfStep =
      line !== undefined && line.step >= 0 && (n === 0 || before !== undefined) && before?.step !== line.step;
    return (
      <LogLine
        n={n}
        line={line}
        style={styleBefore(log, n)}
        opens={isFirstOfStep ? (steps[line.step] ?? null) : null}
        isFolded={folds.some(({ from }) => from === n + 1)}
        onFold={folding.toggle}
        isTarget={n === target}
        isMatch={n === search.current}
        marked={search.needle}
        withTime={withTimes}
        linkLabel={t.log.goTo(formatCount(n + 1))}
        onLink={link}
      />
    );
  };
  const isEmpty = snapshot.isOpen && log.total === 0;
  return (
    <div className="log-view" style={numberWidth(log.total)}>
      <LogToolbar
        snapshot={snapshot}
        end={end}
        isRunning={isGrowing}
        search={search}
        searchRef={searchInput}
        follow={follow}
        onFollow={setFollow}
        withTimes={withTimes}
        onTimes={showTimes}
        onTop={() => go(0)}
        onBottom={() => setFollow(true)}
        onLine={goToLine}
        corner={corner}
      />
      {end !== null && !end.verified && <LogMismatch end={end} stored={log.total} />}
      {snapshot.error !== null && (
        <ProblemCard
          error={snapshot.error}
          onRetry={snapshot.isOpen ? () => store.need([{ from: 0, to: 1 }]) : () => void store.open()}
        />
      )}
      {isEmpty ? (
        <p className="log-empty">{isRunning ? t.log.empty : t.log.emptyOver}</p>
      ) : (
        <LogRows
          ref={rows}
          count={rowCount(folds, log.total)}
          rowHeight={rowHeight}
          follow={follow}
          label={t.log.region}
          renderRow={renderRow}
          onVisible={(from, to) => store.need(stretches(folds, from, to))}
          onScrollUp={() => setFollow(false)}
        />
      )}
      {target !== null && (
        <LogWholeLine line={lineAt(log, target)} style={styleBefore(log, target)} marked={search.needle} />
      )}
    </div>
  );
}

const timesKey = 'sluice-log-times';
const readWithTimes = (): boolean => window.localStorage.getItem(timesKey) === 'true';
/** Room for the longest line number, so that texts begin in one column. */
const numberWidth = (total: number): CSSProperties & Record<`--${string}`, string> => ({
  '--number-width': `${Math.max(3, String(total).length)}ch`,
});
