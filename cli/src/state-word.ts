// One word and one colour for each state: the same as on the page.
import pc from 'picocolors';
import type { RunSummary } from '@sluice/pipelines/protocol/api';

type State = RunSummary['status'] | RunSummary['stages'][number]['status'];

const words = {
  waiting: pc.dim,
  queued: pc.dim,
  running: pc.blue,
  retrying: pc.yellow,
  'awaiting-approval': pc.magenta,
  held: pc.yellow,
  'rolling-back': pc.yellow,
  'rolled-back': pc.red,
  succeeded: pc.green,
  failed: pc.red,
  cancelled: pc.dim,
  skipped: pc.dim,
} as const satisfies Record<State, (text: string) => string>;

export const stateWord = (state: State): string => words[state](state.replace('-', ' ').padEnd(17));

/** `12 s`, `3 min`, `5 h`, `2 d`: how long ago. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}
