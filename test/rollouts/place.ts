// Where trials take place: an environment of Sluice with a service that real users reach.
export interface Place extends AsyncDisposable {
  /** Who shares the traffic. */
  readonly provider: string;
  /** As an operator would configure it. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Lines of the `deploy` key beside strategy and steps. */
  readonly deployKeys: readonly string[];
  /** Those that only strategies with a gate have. */
  readonly gateKeys: readonly string[];
  /** What the repository holds beside the service itself. */
  readonly files: Readonly<Record<string, string>>;
  /** Of each canary, in percent. */
  readonly weights: readonly number[];
  /** What it can do beside weights. */
  readonly strategies: readonly ('ab' | 'shadow')[];
  /** Whether the new version's time to answer can fail it. */
  readonly seesSlowness: boolean;
  /** Where users reach the service once there is one. */
  readonly address: () => string;
  /** Whether a user's requests share a connection. */
  readonly keepAlive: boolean;
}

/** Between two looks at the metrics, and between two scrapes where there are some. */
export const intervalMs = 2_000;
export const port = 8080;
