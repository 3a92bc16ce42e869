import { useMediaQuery } from '@mantine/hooks';
import { useMemo } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useRun } from '../api/queries.ts';
import { ApprovalNotice } from '../components/approval-notice.tsx';
import { DiagnosticsList } from '../components/diagnostics-list.tsx';
import { PlanExplained } from '../components/plan-explained.tsx';
import { ProblemCard } from '../components/problem-card.tsx';
import { RunHead } from '../components/run-head.tsx';
import { StageGraph } from '../components/stage-graph.tsx';
import { StageList } from '../components/stage-list.tsx';
import { StagePanel } from '../components/stage-panel.tsx';
import { useShortcuts } from '../components/use-shortcuts.ts';
import { useTabTitle } from '../components/use-tab-title.ts';
import { useMessages } from '../messages/language-context.tsx';
import { boxOf, foldMatrices } from '../state/matrix-groups.ts';
import { runHeadline, stagesOf, stageToOpen } from '../state/run-view.ts';

/** Where is it, why is it waiting, what failed? */
export default function RunPage() {
  const t = useMessages();
  const { id = '' } = useParams();
  const run = useRun(id);
  const [parameters, setParameters] = useSearchParams();
  useTabTitle(run.data === undefined ? null : runHeadline(run.data));
  const isNarrow = useMediaQuery('(max-width: 760px)', window.innerWidth <= 760);
  const stages = useMemo(() => (run.data === undefined ? [] : stagesOf(run.data)), [run.data]);
  const boxes = useMemo(() => foldMatrices(stages), [stages]);
  const asked = parameters.get('stage');
  const openId = stages.some(({ planned }) => planned.id === asked) ? asked : stageToOpen(stages);
  const box = boxes.find(({ planned }) => planned.id === openId);
  const open = box ?? stages.find(({ planned }) => planned.id === openId);
  const select = (stage: string) => setParameters({ stage }, { replace: true, preventScrollReset: true });
  const move = (by: number) => {
    const next = stages[stages.findIndex(({ planned }) => planned.id === openId) + by];
    if (next !== undefined) select(next.planned.id);
  };
  useShortcuts({ j: () => move(1), k: () => move(-1) });
  if (run.data === undefined)
    return run.error === null ? null : <ProblemCard error={run.error} onRetry={() => void run.refetch()} />;
  return (
    <div className="stack">
      {run.error !== null && <ProblemCard error={run.error} onRetry={() => void run.refetch()} />}
      <RunHead run={run.data} />
      {stages.map((stage) => (
        <ApprovalNotice key={stage.planned.id} run={run.data} stage={stage} />
      ))}
      {run.data.diagnostics.length > 0 && <DiagnosticsList diagnostics={run.data.diagnostics} />}
      {stages.length === 0 && run.data.plan !== null && <p className="soft">{t.run.noStages}</p>}
      {stages.length > 0 &&
        (isNarrow ? (
          <StageList stages={boxes} openId={boxOf(stages, openId)} onSelect={select} />
        ) : (
          <StageGraph stages={boxes} openId={boxOf(stages, openId)} onSelect={select} />
        ))}
      {run.data.plan !== null && <PlanExplained plan={run.data.plan} />}
      {open !== undefined && (
        <StagePanel
          key={open.planned.id}
          run={run.data}
          stage={open}
          combinations={box?.combinations ?? []}
        />
      )}
    </div>
  );
}
