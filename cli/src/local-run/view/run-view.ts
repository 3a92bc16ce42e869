import type { LogLine } from '@sluice/pipelines/protocol/worker-api';
import type { RunEvent } from '@sluice/pipelines/run/run-state';
import type { RunPicture } from './run-picture.ts';

/** One of the ways in which a run is shown while it goes on. */
export interface RunView {
  readonly event: (event: RunEvent, picture: RunPicture) => void;
  /** Lines of a stage, masked already; `step`: its index, -1 for what belongs to none. */
  readonly log: (stage: string, step: number, lines: readonly LogLine[], picture: RunPicture) => void;
  /** One line of our own to the person. */
  readonly say: (line: string) => void;
  /** Nothing may be drawn from here on, and where a question stands on the screen until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** The run has ended, or is given up. */
  readonly close: (picture: RunPicture | null) => void;
}
