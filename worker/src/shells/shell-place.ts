import type { Mask } from '../logs/mask.ts';
import type { ShellDoor, ShellProcess } from '../executors/executor.ts';

/** Where shells may be opened: one attempt's container, while it is there. */
export interface ShellPlace {
  readonly attemptId: string;
  readonly mask: Mask;
  readonly door:
    | {
        readonly kind: 'open';
        readonly open: (size: { readonly cols: number; readonly rows: number }) => Promise<ShellProcess>;
      }
    | Extract<ShellDoor, { readonly kind: 'shut' }>;
  /** Aborts when there is nothing left to be in; `signal.reason` is a ShellEnd's reason. */
  readonly closed: AbortSignal;
  /** Whether steps still run in it, at whose ends every other process of the container is killed. */
  readonly isRunning: () => boolean;
}
