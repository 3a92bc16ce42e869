import type { ControlGroup } from './control-groups.ts';
import type { Sandbox } from './sandbox.ts';

export interface ProcessSessionOptions {
  /** PATH of the steps. */
  readonly path: string;
  readonly sandbox: Sandbox;
  /** Null: this worker can make none. */
  readonly group: ControlGroup | null;
  /** Most processes at the same time. */
  readonly pids: number;
  /** Why there are no shells on this host, for people; null: there are. */
  readonly noShell: string | null;
}
