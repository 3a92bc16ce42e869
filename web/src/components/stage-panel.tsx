import { SegmentedControl } from '@mantine/core';
import { IconArrowsDiagonal } from '@tabler/icons-react';
import { useMemo, useRef } from 'react';
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { readTargetLine } from '../state/target-line.ts';
import { isOver } from '../state/state-name.ts';
import { stepsOfLog, type StageOfRun } from '../state/run-view.ts';
import { CombinationList } from './combination-list.tsx';
import { LogView, type LogViewHandle } from './log-view.tsx';
import { StageActions } from './stage-actions.tsx';
import { StageDetails } from './stage-details.tsx';
import './stage-panel.css';

interface StagePanelProps {
  readonly run: RunView;
  readonly stage: StageOfRun;
  /** Of a stage with a matrix. */
  readonly combinations: readonly StageOfRun[];
}

/** One stage: what is known about it at the left, its log at the right. */
export function StagePanel({ run, stage, combinations }: StagePanelProps) {
  const t = useMessages();
  const navigate = useNavigate();
  const { hash } = useLocation();
  const [parameters] = useSearchParams();
  const log = useRef<LogViewHandle>(null);
  const { id, work, combination } = stage.planned;
  const asked = Number(parameters.get('attempt'));
  const attempt = stage.attempts.find((candidate) => candidate.attempt === asked) ?? stage.attempts[0];
  const address = (number: number, line: number | null) => ({
    search: `?${new URLSearchParams({ stage: id, attempt: String(number) })}`,
    hash: line === null ? '' : `L${line + 1}`,
  });
  const steps = useMemo(() => stepsOfLog(stage, attempt), [stage, attempt]);
  return (
    <section className="stage-panel panel" aria-label={id} data-log={attempt !== undefined}>
      <div className="stage-side">
        <StageDetails
          stage={stage}
          attempt={attempt}
          onStep={attempt === undefined ? null : (step) => log.current?.showStep(step)}
        />
        {combination !== undefined && (
          <Link
            className="link"
            to={{ search: `?${new URLSearchParams({ stage: combination.of })}` }}
            replace
            preventScrollReset
          >
            ← {t.stage.partOf(combination.of)}
          </Link>
        )}
        <CombinationList combinations={combinations} />
        <StageActions run={run} stage={stage} attempt={attempt} />
        {attempt === undefined && work.kind !== 'approve' && combinations.length === 0 && (
          <p className="soft">{isOver(stage.shown) ? t.log.noLog : t.log.notStarted}</p>
        )}
        {attempt !== undefined && stage.attempts.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t.stage.attempts}
            data={stage.attempts.map((each) => ({
              value: String(each.attempt),
              label: t.stage.attempt(each.attempt),
            }))}
            value={String(attempt.attempt)}
            onChange={(value) => void navigate(address(Number(value), null), { replace: true })}
          />
        )}
      </div>
      {attempt !== undefined && (
        <div className="stage-log" role="group" aria-label={t.log.label(id)}>
          <LogView
            key={attempt.id}
            ref={log}
            attempt={attempt}
            steps={steps}
            isRunning={attempt === stage.attempts[0] && !isOver(stage.shown)}
            target={readTargetLine(hash)}
            onTarget={(n) =>
              void navigate(address(attempt.attempt, n), { replace: true, preventScrollReset: true })
            }
            corner={
              <Link
                className="icon-link"
                to={`/runs/${run.id}/attempts/${attempt.id}/log${hash}`}
                aria-label={t.log.open}
                title={t.log.open}
              >
                <IconArrowsDiagonal size={16} aria-hidden />
              </Link>
            }
          />
        </div>
      )}
    </section>
  );
}
