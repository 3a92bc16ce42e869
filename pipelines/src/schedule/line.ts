/** A stage's attempt that is ready and waits for a worker. */
export interface PendingAttempt {
  readonly id: string;
  readonly project: string;
  readonly runNumber: number;
  readonly stage: string;
  /** Of its priority: 0 is served first. */
  readonly rank: number;
  /** When it began to wait. */
  readonly since: number;
}

/** Inside a project: priority, then the order in which the runs were made. */
export const compareInProject = (a: PendingAttempt, b: PendingAttempt): number =>
  a.rank - b.rank || a.runNumber - b.runNumber || longestWaiting(a, b);

export const longestWaiting = (a: PendingAttempt, b: PendingAttempt): number =>
  a.since - b.since || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
