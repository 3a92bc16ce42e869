import type { RunCommand, RunState, StageState } from './run-state.ts';

export interface Advanced {
  readonly state: RunState;
  readonly commands: readonly RunCommand[];
}

/** A change of one stage; the functions that make one give null where the event does not fit its state. */
export interface StageChange {
  readonly state: StageState;
  readonly commands: readonly RunCommand[];
}
