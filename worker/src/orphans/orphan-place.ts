import type { AttemptName, OrphanKind } from '@sluice/pipelines/protocol/orphans';

/**
 * A place on which attempts make things that may outlive them: an engine, a namespace of a cluster, this host. Several
 * workers may look at one place at the same time, so that everything found may be gone a moment later.
 */
export interface OrphanPlace {
  /** What it lists; told with 0 when there is none. */
  readonly kinds: readonly OrphanKind[];
  /**
   * Everything here that `installation` has made for attempts, in the order in which it can be removed. Rejects when the
   * place does not answer.
   */
  readonly list: (installation: string, signal: AbortSignal) => Promise<Listing>;
}

export interface Listing {
  /** The same for every worker that looks at it, and for no other place. */
  readonly engine: string;
  readonly found: readonly FoundThing[];
}

export interface FoundThing {
  readonly kind: OrphanKind;
  /** As people find it there. */
  readonly name: string;
  readonly attempt: AttemptName;
  readonly installation: string | null;
  readonly isDeployed: boolean;
  /** By the clock of the place. */
  readonly ageMs: number;
  /** Idempotent. `gone`: somebody else has removed it · `stays`: it cannot be removed now. */
  readonly remove: () => Promise<Removal>;
}

export type Removal = 'removed' | 'gone' | 'stays';
