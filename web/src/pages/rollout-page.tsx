import { useParams } from 'react-router';
import type { ClusterRolloutView, RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { useRollout, useRun } from '../api/queries.ts';
import { ProblemCard } from '../components/problem-card.tsx';
import { ClusterWaves } from '../components/rollout/cluster-waves.tsx';
import { DecisionLog } from '../components/rollout/decision-log.tsx';
import { EvidenceTable } from '../components/rollout/evidence-table.tsx';
import { Ladder } from '../components/rollout/ladder.tsx';
import { PreflightPanel } from '../components/rollout/preflight-panel.tsx';
import { ReleaseFacts } from '../components/rollout/release-facts.tsx';
import { RolloutCharts } from '../components/rollout/rollout-charts.tsx';
import { RolloutHead } from '../components/rollout/rollout-head.tsx';
import { VerdictPanel } from '../components/rollout/verdict-panel.tsx';
import { reachesMore } from '../state/cluster-state.ts';
import '../components/rollout/rollout.css';

/** Is the new version good, what happens next, and may I let it go on? */
export default function RolloutPage() {
  const { id = '' } = useParams();
  const { data: view, error, refetch } = useRollout(id);
  if (view === undefined)
    return error === null ? null : <ProblemCard error={error} onRetry={() => void refetch()} />;
  return <Loaded view={view} key={view.id} />;
}

function Loaded({ view }: { readonly view: NonNullable<ReturnType<typeof useRollout>['data']> }) {
  const run = useRun(view.runId).data;
  if (view.clusters !== undefined) return <SeveralClusters view={view} clusters={view.clusters} run={run} />;
  return (
    <div className="rollout-page">
      <RolloutHead view={view} run={run} />
      <div className="rollout-grid">
        <div className="stack">
          <Ladder rollout={view.rollout} />
          <ReleaseFacts view={view} run={run} />
        </div>
        <div className="stack">
          <section className="panel">
            <VerdictPanel rollout={view.rollout} />
            <EvidenceTable rollout={view.rollout} />
          </section>
          <RolloutCharts history={view.history} />
          {view.rollout.preflight !== undefined && <PreflightPanel preflight={view.rollout.preflight} />}
          <DecisionLog decisions={view.decisions} />
        </div>
      </div>
    </div>
  );
}

interface SeveralClustersProps {
  readonly view: RolloutView;
  readonly clusters: readonly ClusterRolloutView[];
  readonly run: RunView | undefined;
}

/** What is measured belongs to single clusters, and is shown with them. */
function SeveralClusters({ view, clusters, run }: SeveralClustersProps) {
  return (
    <div className="rollout-page">
      <RolloutHead view={view} run={run} />
      <div className="rollout-grid">
        <ReleaseFacts view={view} run={run} />
        <div className="stack">
          <ClusterWaves clusters={clusters} canBegin={reachesMore(view.rollout)} />
          <DecisionLog decisions={view.decisions} />
        </div>
      </div>
    </div>
  );
}
