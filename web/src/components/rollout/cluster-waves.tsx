import { Link } from 'react-router';
import type { ClusterRolloutView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../../messages/language-context.tsx';
import { byWave, clusterState } from '../../state/cluster-state.ts';
import { StateBadge } from '../state-badge.tsx';
import './cluster-waves.css';

interface ClusterWavesProps {
  readonly clusters: readonly ClusterRolloutView[];
  /** Further waves may still come. */
  readonly canBegin: boolean;
}

/** Which cluster stands where, wave by wave; each leads to its own rollout. */
export function ClusterWaves({ clusters, canBegin }: ClusterWavesProps) {
  const t = useMessages();
  const waves = byWave(clusters);
  return (
    <section className="panel" aria-label={t.clusters.title}>
      <div className="panel-head">
        <h2 className="grow">{t.clusters.title}</h2>
        <span className="tag">{t.environments.clusterCount(clusters.length)}</span>
      </div>
      <ol className="waves">
        {waves.map((wave, index) => (
          <li key={wave[0]?.name}>
            <h3>
              {t.clusters.wave(index + 1, waves.length)}
              <span className="soft"> {t.clusters.done(wave.filter(isDone).length, wave.length)}</span>
            </h3>
            <ul className="wave">
              {wave.map((cluster) => (
                <ClusterCell key={cluster.name} cluster={cluster} canBegin={canBegin} />
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  );
}

const isDone = ({ status }: ClusterRolloutView): boolean => status === 'delivered' || status === 'seen';

interface ClusterCellProps {
  readonly cluster: ClusterRolloutView;
  readonly canBegin: boolean;
}

function ClusterCell({ cluster, canBegin }: ClusterCellProps) {
  const t = useMessages();
  const { name, status, phase, note, rolloutId } = cluster;
  const ownWords = status === 'delivering' && phase !== null ? t.rollout.phases[phase] : null;
  const isLeftOut = status === 'waiting' && !canBegin;
  const words = isLeftOut ? t.clusters.notReached : (ownWords ?? t.clusters.statuses[status]);
  return (
    <li className="cluster" data-status={status} title={note ?? undefined}>
      <StateBadge state={clusterState(cluster, canBegin)} iconOnly />
      {rolloutId === null ? (
        <strong className="clip">{name}</strong>
      ) : (
        <Link className="link clip" to={`/rollouts/${rolloutId}`}>
          {name}
        </Link>
      )}
      <span className="soft clip grow">{words}</span>
      {note !== null && <span className="cluster-note">{note}</span>}
    </li>
  );
}
