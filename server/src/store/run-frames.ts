// What never changes of a run: its plan, by far the largest part of a large run's row, and where it belongs. Those that
// were used last are kept, so that a claim or a report need not read and parse them again. Run ids are unique everywhere.
import type { Plan } from '@sluice/pipelines/plan/plan';

export interface RunFrame {
  readonly project: string;
  readonly repositoryId: string;
  readonly plan: Plan;
}

const most = 256;
/** In the order of their last use. */
const frames = new Map<string, RunFrame>();

export function rememberFrame(runId: string, frame: RunFrame): void {
  frames.delete(runId);
  frames.set(runId, frame);
  if (frames.size <= most) return;
  const [oldest] = frames.keys();
  if (oldest !== undefined) frames.delete(oldest);
}

export function recallFrame(runId: string): RunFrame | undefined {
  const frame = frames.get(runId);
  if (frame !== undefined) rememberFrame(runId, frame);
  return frame;
}
