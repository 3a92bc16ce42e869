import { Link } from 'react-router';
import type { ClusterView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { clusterState } from '../state/cluster-state.ts';
import { StateBadge } from './state-badge.tsx';
import './rollout/cluster-waves.css';

/** The clusters of an environment: what runs in each, and how it stands in the rollout under way. */
export function ClusterList({ clusters }: { readonly clusters: readonly ClusterView[] }) {
  const t = useMessages();
  return (
    <ul className="wave" aria-label={t.environments.kinds.clusters}>
      {clusters.map(({ name, partition, current, rollout }) => (
        <li className="cluster" key={name} title={rollout?.note ?? undefined}>
          {rollout !== null && <StateBadge state={clusterState(rollout)} iconOnly />}
          {rollout?.rolloutId === undefined || rollout.rolloutId === null ? (
            <strong className="clip">{name}</strong>
          ) : (
            <Link className="link clip" to={`/rollouts/${rollout.rolloutId}`}>
              {name}
            </Link>
          )}
          {partition !== null && <span className="tag">{partition}</span>}
          <span className="soft clip grow">
            {current === null ? t.clusters.empty : t.clusters.runs(current.version)}
          </span>
        </li>
      ))}
    </ul>
  );
}
