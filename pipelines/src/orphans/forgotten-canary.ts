/** Containers of a service that are not of its stable version. */
export interface CanarySide {
  /** Some version has been promoted. */
  readonly hasStable: boolean;
  /** Share of traffic that the side gets. */
  readonly percent: number;
  /** Milliseconds since the last rollout of its environment ended; null: one is open, or none is known. */
  readonly quietForMs: number | null;
}

/** A rollout that ended longer ago than `overMs` should have removed it, and nobody is served by it. */
export const isForgottenCanary = (
  { hasStable, percent, quietForMs }: CanarySide,
  { overMs }: { readonly overMs: number },
): boolean => quietForMs !== null && quietForMs > overMs && percent === 0 && hasStable;
