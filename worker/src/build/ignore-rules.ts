import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore from '@balena/dockerignore';

export interface IgnoreRules {
  /** Path relative to the context, with slashes. */
  readonly ignores: (path: string) => boolean;
  /** Something below this ignored folder may be wanted again by a `!` line. */
  readonly mayKeepBelow: (folder: string) => boolean;
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile goes before `.dockerignore` of the context. */
export async function readIgnoreRules(context: string, dockerfile: string): Promise<IgnoreRules> {
  const text =
    (await readIfThere(`${dockerfile}.dockerignore`)) ?? (await readIfThere(join(context, '.dockerignore')));
  return ignoreRules(text ?? '');
}

export function ignoreRules(text: string): IgnoreRules {
  const rules = ignore({ ignorecase: false }).add(text);
  const hasExceptions = text.split('\n').some((line) => line.trim().startsWith('!'));
  return { ignores: (path) => rules.ignores(path), mayKeepBelow: () => hasExceptions };
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
}
