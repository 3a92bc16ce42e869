import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface AttemptFolders extends AsyncDisposable {
  readonly root: string;
  readonly workspace: string;
  readonly scratch: string;
  /** They are no longer removed with this object, but by what is returned. */
  readonly keep: () => () => Promise<void>;
}

/** The folders of one attempt; disposing removes them with all that steps put there. */
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
      if (!isKept) await remove();
    },
  };
}

export async function removeAttemptFolders(attempts: string, attemptId: string): Promise<void> {
  await rm(join(attempts, attemptId), { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
}
