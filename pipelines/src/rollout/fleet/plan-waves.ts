import type { Wave } from '../../language/definition.ts';
import { err, ok, type Result } from '../../result.ts';

/** A cluster that a stage may deploy to, in its environment's order. */
export interface KnownCluster {
  readonly name: string;
  readonly partition: string | null;
}

const usualWaves: readonly Wave[] = [{ kind: 'count', count: 1 }, { kind: 'rest' }];

/**
 * Names of the clusters of each wave, in order: every chosen cluster is in exactly one wave, and no wave is empty.
 * `chosen` names clusters and partitions; absent: all. The error says what to write instead.
 */
export function planWaves(
  known: readonly KnownCluster[],
  chosen?: readonly string[],
  waves: readonly Wave[] = usualWaves,
): Result<readonly (readonly string[])[], string> {
  const all = chosen === undefined ? ok(known) : choose(known, chosen, 'clusters');
  if (!all.ok) return all;
  const planned: (readonly string[])[] = [];
  let left = all.value;
  for (const wave of waves) {
    const taken = take(wave, known, all.value, left);
    if (!taken.ok) return taken;
    left = left.filter((cluster) => !taken.value.includes(cluster));
    if (taken.value.length > 0) planned.push(taken.value.map(({ name }) => name));
  }
  if (left.length === 0) return ok(planned);
  return err(`waves leave out ${listed(left.map(({ name }) => name))}: end them with rest`);
}

function take(
  wave: Wave,
  known: readonly KnownCluster[],
  all: readonly KnownCluster[],
  left: readonly KnownCluster[],
): Result<readonly KnownCluster[], string> {
  switch (wave.kind) {
    case 'count':
      return ok(left.slice(0, wave.count));
    case 'share':
      return ok(left.slice(0, Math.max(1, Math.ceil((all.length * wave.percent) / 100))));
    case 'rest':
      return ok(left);
    case 'named': {
      const named = choose(known, wave.names, 'waves');
      return named.ok ? ok(left.filter((cluster) => named.value.includes(cluster))) : named;
    }
  }
}

function choose(
  known: readonly KnownCluster[],
  names: readonly string[],
  key: string,
): Result<readonly KnownCluster[], string> {
  const isNamed = ({ name, partition }: KnownCluster, wanted: string): boolean =>
    name === wanted || partition === wanted;
  const unknown = names.find((wanted) => !known.some((cluster) => isNamed(cluster, wanted)));
  if (unknown === undefined) {
    return ok(known.filter((cluster) => names.some((wanted) => isNamed(cluster, wanted))));
  }
  const partitions = [...new Set(known.flatMap(({ partition }) => partition ?? []))];
  const has = listed([...known.map(({ name }) => name), ...partitions.map((name) => `partition ${name}`)]);
  return err(`${key} names "${unknown}", which the environment does not have: it has ${has}`);
}

/** `hz-1, hz-2 and 14 others` */
export function listed(names: readonly string[], most = 6): string {
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} others`;
}
