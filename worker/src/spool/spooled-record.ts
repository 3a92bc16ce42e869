export interface SpoolHeader {
  readonly attemptId: string;
  readonly fence: number;
}

export interface SpooledRecord {
  readonly number: number;
  readonly json: string;
  /** The record will have company in a moment: the first lines of the step that it announces. */
  readonly mayWait: boolean;
}
