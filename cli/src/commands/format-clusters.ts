// How the clusters of a rollout over several of them stand, wave by wave.
import pc from 'picocolors';
import type { ClusterRolloutView, ClusterView, DriftView, RolloutView } from '@sluice/pipelines/protocol/api';
import { wrongWith } from '@sluice/pipelines/rollout/place-look';

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

/** `hz-1 r12-1a2b3c4 · hz-2 r11-0f1e2d3 (going back)` for each cluster of an environment, and below it what is wrong there. */
export function clusterLines(clusters: readonly ClusterView[]): readonly string[] {
  return clusters.flatMap(({ name, partition, current, rollout, drift }) => {
    const group = partition === null ? '' : pc.dim(` (${partition})`);
    const way = rollout === null ? '' : pc.cyan(`  ${signs[rollout.status]} ${rollout.status}`);
    const runs = current === null ? pc.dim('nothing deployed yet') : current.version;
    return [`${name}${group}  ${runs}${way}`, ...wrongLines(drift).map((line) => `  ${line}`)];
  });
}

/** What the last look has found wrong with a place. */
export const wrongLines = (drift: DriftView | null | undefined): readonly string[] =>
  drift === undefined || drift === null ? [] : wrongWith(drift).map((wrong) => pc.yellow(wrong));

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
