import type { MapNode } from '../language/source-node.ts';

export const systems = ['gitlab', 'github', 'woodpecker'] as const;
export type System = (typeof systems)[number];

/** Whose file it is: by its path, then by its keys; null: neither tells. */
export function detectSystem(file: string, root: MapNode): System | null {
  const path = file.replaceAll('\\', '/');
  if (/(^|\/)\.github\/workflows\/[^/]+$/.test(path)) return 'github';
  if (/\.gitlab-ci[^/]*\.ya?ml$/.test(path) || /(^|\/)\.gitlab\//.test(path)) return 'gitlab';
  if (/(^|\/)\.woodpecker(\.ya?ml$|\/)/.test(path)) return 'woodpecker';
  return systemOfKeys(new Map(root.entries.map(({ key, value }) => [key, value])));
}

function systemOfKeys(keys: ReadonlyMap<string, MapNode['entries'][number]['value']>): System | null {
  if (keys.get('jobs')?.kind === 'map' && keys.has('on')) return 'github';
  if (keys.has('steps') || keys.has('pipeline')) return 'woodpecker';
  if (keys.get('jobs')?.kind === 'map') return 'github';
  const isJob = (value: MapNode['entries'][number]['value']): boolean =>
    value.kind === 'map' && value.entries.some(({ key }) => ['script', 'extends', 'trigger'].includes(key));
  return keys.get('stages')?.kind === 'list' || [...keys.values()].some(isJob) ? 'gitlab' : null;
}
