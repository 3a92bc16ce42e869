import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { err, ok, type Result } from '@sluice/pipelines/result';

export type PathProblem = { readonly reason: 'leaves-workspace' | 'missing' };

/**
 * The real path of `path` inside `root`, every symbolic link resolved. A path that ends up outside, by `..` or by
 * a link, is refused: the repository's author is a stranger to this host.
 */
export async function resolveInside(root: string, path: string): Promise<Result<string, PathProblem>> {
  if (isAbsolute(path) || path.includes('\0')) return err({ reason: 'leaves-workspace' });
  const realRoot = await realpath(root);
  const wanted = resolve(realRoot, path);
  if (!isInside(realRoot, wanted)) return err({ reason: 'leaves-workspace' });
  const real = await realpath(wanted).catch((error: unknown) => {
    if (isNotFound(error)) return null;
    throw error;
  });
  if (real === null) return err({ reason: 'missing' });
  return isInside(realRoot, real) ? ok(real) : err({ reason: 'leaves-workspace' });
}

/** Both absolute and without `..`. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
