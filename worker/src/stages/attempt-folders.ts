import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeAttemptRecord } from './attempt-record.ts';

export interface AttemptFolders extends AsyncDisposable {
  readonly root: string;
  readonly workspace: string;
  readonly scratch: string;
  /** They are no longer removed with this object, but by what is returned. */
  readonly keep: () => () => Promise<void>;
}

/** The folders of one attempt; disposing empties them of all that steps put there, but keeps the attempt's record. */
export async function openAttemptFolders(attempts: string, attemptId: string): Promise<AttemptFolders> {
  const root = join(attempts, attemptId);
  const [workspace, scratch] = [join(root, 'workspace'), join(root, 'scratch')];
  await mkdir(workspace, { recursive: true });
  await mkdir(scratch, { recursive: true });
  let isKept = false;
  const remove = () => removeAttemptFolders(attempts, attemptId);
  return {
    keep: () => {
      isKept = true;
      return remove;
    },
    root,
    workspace,
    scratch,
    [Symbol.asyncDispose]: async () => {
      if (!isKept) await emptyAttemptFolders(attempts, attemptId);
    },
  };
}

export async function emptyAttemptFolders(attempts: string, attemptId: string): Promise<void> {
  for (const name of ['workspace', 'scratch']) await removeFolder(join(attempts, attemptId, name));
}

export async function removeAttemptFolders(attempts: string, attemptId: string): Promise<void> {
  await removeFolder(join(attempts, attemptId));
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
}

/** Removes what another process would need to take the attempt up again, and its folder, unless a shell keeps it. */
export async function forgetAttempt(attempts: string, attemptId: string): Promise<void> {
  const root = join(attempts, attemptId);
  await removeAttemptRecord(root);
  await rmdir(root).catch(() => undefined); // kept, or gone
}
