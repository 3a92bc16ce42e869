// What a preflight has found.

export interface Preflight {
  /** How much of the past was known. */
  readonly pastMs: number;
  /** In the last hour, to both versions together. */
  readonly requestsPerSecond: number;
  /** Of all of the past. */
  readonly badShare: number;
  /** Simulated releases of each kind. */
  readonly trials: number;
  /** As good as the old version, with twice and with five times its bad rate. */
  readonly forecasts: readonly Forecast[];
  /** Metrics whose past is not known, which the forecasts leave out. */
  readonly unknown: readonly string[];
  /** Null: the stage has no budget. */
  readonly budget: SafeWeight | null;
}

export interface Forecast {
  readonly times: 1 | 2 | 5;
  readonly failed: number;
  readonly passed: number;
  /** An analysis ended without a verdict. */
  readonly undecided: number;
  /** Of those that failed, from the first request to the new version on; null: none did. */
  readonly medianMs: number | null;
}

/** Of a blast budget, before anything was counted. */
export interface SafeWeight {
  readonly allowed: number;
  readonly expectedRequests: number;
  /** Null: any. */
  readonly safePercent: number | null;
}
