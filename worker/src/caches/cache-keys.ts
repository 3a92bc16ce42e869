import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheKey, CacheRule } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { matchesFile } from '@sluice/pipelines/trigger/match-glob';
import { findFiles } from '../archives/find-files.ts';
import { patternRoots } from '../archives/pattern-roots.ts';

export interface ResolvedCache {
  readonly key: string;
  readonly restore: readonly string[];
  readonly paths: readonly string[];
  /** SHA-256 over the paths: what was packed from others is another cache. */
  readonly kind: string;
}

/** Fills in the hashes of a rule's keys, from the checked-out files. The error is a sentence for the author. */
export async function resolveCache(
  workspace: string,
  rule: CacheRule,
): Promise<Result<ResolvedCache, string>> {
  const [key, ...restore] = await Promise.all(
    [rule.key, ...rule.restore].map((each) => resolveKey(workspace, each)),
  );
  if (key === undefined) return err('it has no key.');
  const failed = [key, ...restore].find((each) => !each.ok);
  if (failed !== undefined && !failed.ok) return failed;
  const kind = createHash('sha256')
    .update(JSON.stringify(['tar.gz', ...rule.paths]))
    .digest('hex');
  return ok({
    key: key.ok ? key.value : '',
    restore: restore.flatMap((each) => (each.ok ? [each.value] : [])),
    paths: rule.paths,
    kind,
  });
}

async function resolveKey(workspace: string, key: CacheKey): Promise<Result<string, string>> {
  let text = '';
  for (const part of key) {
    if (part.kind === 'text') {
      text += part.text;
      continue;
    }
    const hash = await hashFiles(workspace, part.globs);
    if (!hash.ok) return hash;
    text += hash.value;
  }
  return text === '' ? err('its key is empty.') : ok(text);
}

/** 32 hexadecimal digits over names and contents of the files that match, in order; no file is an error. */
async function hashFiles(workspace: string, globs: readonly string[]): Promise<Result<string, string>> {
  const isWanted = (path: string): boolean => matchesFile(globs, path);
  const search = { from: patternRoots(globs), isWanted, links: 'any', withFolders: false } as const;
  const found = await findFiles(workspace, search);
  if (!found.ok) return found;
  if (found.value.length === 0) return err(`hash(): no file matches ${globs.join(', ')}.`);
  const hash = createHash('sha256');
  for (const file of found.value) {
    hash.update(`${file.path}\0`);
    if (file.kind === 'file') await addFile(hash, join(workspace, file.path));
    if (file.kind === 'link') hash.update(file.target);
    hash.update('\0');
  }
  return ok(hash.digest('hex').slice(0, 32));
}

async function addFile(hash: Hash, path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const own = createHash('sha256');
  for await (const chunk of handle.createReadStream()) own.update(chunk);
  hash.update(own.digest());
}
