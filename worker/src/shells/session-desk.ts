import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import type { ShellEnd } from '@sluice/pipelines/protocol/shell';
import type { Mask } from '../logs/mask.ts';
import type { AttemptFolders } from '../stages/attempt-folders.ts';
import type { SessionDesk } from '../stages/stage-runner.ts';
import type { ShellHost } from './shell-host.ts';

/** The desk of one attempt. What it keeps takes the attempt's folders along, for the container may live on them. */
export function openSessionDesk(
  host: ShellHost,
  { attemptId, fence }: Claim,
  mask: Mask,
  folders: AttemptFolders,
): SessionDesk {
  const closed = new AbortController();
  let isRunning = true;
  let isKept = false;
  const close = (reason: ShellEnd['reason']): void => closed.abort(reason);
  return {
    show: ({ shellDoor }, env) => {
      if (shellDoor === undefined) return;
      host.serve({
        attemptId,
        mask,
        door:
          shellDoor.kind === 'shut'
            ? shellDoor
            : { kind: 'open', open: (size) => shellDoor.open({ env: env(), ...size }) },
        closed: closed.signal,
        isRunning: () => isRunning,
      });
    },
    keep: async (session, forMs) => {
      if (session.shellDoor?.kind !== 'open' || closed.signal.aborted) return false;
      let removeFolders: (() => Promise<void>) | null = null;
      const remove = async (reason: ShellEnd['reason']): Promise<void> => {
        close(reason);
        await session.dispose();
        await removeFolders?.();
      };
      isKept = await host.hold({ attemptId, fence, forMs, remove });
      if (isKept) removeFolders = folders.keep();
      isRunning = false;
      return isKept;
    },
    hide: () => {
      if (!isKept) close('stage-ended');
    },
  };
}
