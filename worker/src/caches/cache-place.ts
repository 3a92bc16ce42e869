import { join } from 'node:path';
import type { StepsWork } from '@sluice/pipelines/language/definition';

/** Where cached paths are on this host. */
export interface CachePlace {
  readonly workspace: string;
  /** What steps see below their home folder, as far as it is cached. */
  readonly home: string;
}

export const cachePlace = (workspace: string, scratch: string): CachePlace => ({
  workspace,
  home: join(scratch, 'home'),
});

/** Folders below `~` that a stage caches: `.npm` for `~/.npm`. */
export function cachedHomeFolders({ keeps }: StepsWork): readonly string[] {
  const paths = (keeps?.cache ?? []).flatMap((rule) => rule.paths);
  return [...new Set(paths.filter((path) => path.startsWith('~/')).map((path) => path.slice(2)))];
}
