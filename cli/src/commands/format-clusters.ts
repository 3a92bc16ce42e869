// How the clusters of a rollout over several of them stand, wave by wave.
import pc from 'picocolors';
import type { ClusterRolloutView, ClusterView, RolloutView } from '@sluice/pipelines/protocol/api';

/** The rollout, and below it each wave with its clusters; without a line end. */
export function formatClusters(
  { rollout }: Pick<RolloutView, 'rollout'>,
  clusters: readonly ClusterRolloutView[],
): string {
  const { version, environment } = rollout.spec;
  const phase = rollout.phase.name.replaceAll('-', ' ');
  const head = `${version} to the clusters of ${environment}: ${phase}${heldBy(rollout)}`;
  const waves = [...new Set(clusters.map(({ wave }) => wave))];
  return [
    head,
    ...waves.flatMap((wave) => [
      `  wave ${wave} of ${waves.length}`,
      ...clusters.filter((cluster) => cluster.wave === wave).map((cluster) => `    ${lineOf(cluster)}`),
    ]),
  ].join('\n');
}

const heldBy = ({ fleet }: RolloutView['rollout']): string =>
  fleet?.held === undefined ? '' : `, held by ${fleet.held.by}: ${fleet.held.reason}`;

function lineOf({ name, status, phase, note }: ClusterRolloutView): string {
  const words = status === 'delivering' && phase !== null ? phase.replaceAll('-', ' ') : status;
  const line = `${signs[status]} ${name}  ${words}${note === null ? '' : `: ${note}`}`;
  return status === 'waiting' ? pc.dim(line) : isBad(status) ? pc.red(line) : line;
}

const isBad = (status: ClusterRolloutView['status']): boolean => status === 'blocked' || status === 'stuck';

/** `hz-1 r12-1a2b3c4 · hz-2 r11-0f1e2d3 (going back)` for each cluster of an environment. */
export function clusterLines(clusters: readonly ClusterView[]): readonly string[] {
  return clusters.map(({ name, partition, current, rollout }) => {
    const group = partition === null ? '' : pc.dim(` (${partition})`);
    const way = rollout === null ? '' : pc.cyan(`  ${signs[rollout.status]} ${rollout.status}`);
    return `${name}${group}  ${current === null ? pc.dim('nothing deployed yet') : current.version}${way}`;
  });
}

const signs = {
  waiting: '·',
  delivering: '▸',
  delivered: '✓',
  seen: '✓',
  returning: '◂',
  returned: '–',
  kept: '✓',
  blocked: '✗',
  stuck: '✗',
  left: '✗',
} as const satisfies Record<ClusterRolloutView['status'], string>;
