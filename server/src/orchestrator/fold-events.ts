import { advance } from '@sluice/pipelines/run/advance';
import type { RunCommand, RunEvent, RunState } from '@sluice/pipelines/run/run-state';
import type { PlannedRun } from '../store/run-store.ts';

/** What events made of a run, before any of it is stored. */
export interface Fold {
  /** As it is stored. */
  readonly before: PlannedRun;
  readonly state: RunState;
  /** Those that changed something: what is late or repeated leaves no trace. */
  readonly events: readonly RunEvent[];
  readonly commands: readonly RunCommand[];
}

export const foldNothing = (run: PlannedRun): Fold => ({
  before: run,
  state: run.content.state,
  events: [],
  commands: [],
});

export function foldEvents(fold: Fold, events: readonly RunEvent[]): Fold {
  const { plan } = fold.before.content;
  const folded: RunEvent[] = [];
  const commands: RunCommand[] = [];
  let { state } = fold;
  for (const event of events) {
    const next = advance(plan, state, event);
    if (next.state === state && next.commands.length === 0 && event.kind !== 'run-requested') continue;
    folded.push(event);
    commands.push(...next.commands);
    state = next.state;
  }
  if (folded.length === 0) return fold;
  return {
    ...fold,
    state,
    events: [...fold.events, ...folded],
    commands: [...fold.commands, ...commands],
  };
}
