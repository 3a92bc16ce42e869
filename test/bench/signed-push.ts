// A push as a forge tells it: signed and posted in this process, so that a bench counts the POST and nothing before it.
import { createHmac, randomUUID } from 'node:crypto';
import type { TestRepository } from '../rig/repository.ts';

/** Everything but the sending is done when this returns; `post` resolves when the server has answered. */
export function signedPush(
  url: string,
  repository: TestRepository,
  sha: string,
  branch = 'main',
): { readonly post: () => Promise<void> } {
  const body = JSON.stringify({
    event: 'push',
    repository: repository.fullName,
    branch,
    actor: 'ada',
    commit: { sha, message: 'a change', author: 'ada' },
    changedFiles: null,
  });
  const signature = createHmac('sha256', repository.hookSecret).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-sluice-delivery': randomUUID(),
    'x-sluice-signature-256': `sha256=${signature}`,
  };
  return {
    post: async () => {
      const answer = await fetch(`${url}/webhooks/generic`, { method: 'POST', headers, body });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`the delivery was refused: ${answer.status} ${text}`);
    },
  };
}
