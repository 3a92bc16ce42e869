import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface AttemptFolders extends AsyncDisposable {
  readonly root: string;
  readonly workspace: string;
  readonly scratch: string;
}

/** The folders of one attempt; disposing removes them with all that steps put there. */
export async function openAttemptFolders(attempts: string, attemptId: string): Promise<AttemptFolders> {
  const root = join(attempts, attemptId);
  const [workspace, scratch] = [join(root, 'workspace'), join(root, 'scratch')];
  await mkdir(workspace, { recursive: true });
  await mkdir(scratch, { recursive: true });
  return {
    root,
    workspace,
    scratch,
    [Symbol.asyncDispose]: () => removeAttemptFolders(attempts, attemptId),
  };
}

export async function removeAttemptFolders(attempts: string, attemptId: string): Promise<void> {
  await rm(join(attempts, attemptId), { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
}
