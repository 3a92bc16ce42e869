import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';

/** Where a project's caches, artifacts and logs of this machine are: below XDG_CACHE_HOME, or `~/.cache`. */
export function projectFolder(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  const { XDG_CACHE_HOME: given } = env;
  const base = given !== undefined && given.startsWith('/') ? given : join(home, '.cache');
  const name = basename(root)
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 40);
  return join(base, 'sluice', `${name}-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`);
}
