import type { AttemptName, OrphanKind } from '@sluice/pipelines/protocol/orphans';

/**
 * A place on which attempts make things that may outlive them: an engine, a namespace of a cluster, this host. Several
 * workers may look at one place at the same time, so that everything found may be gone a moment later.
 */
export interface OrphanPlace {
  /** For the worker's log. */
  readonly name: string;
  /** Everything here that `installation` has made for attempts. Rejects when the place does not answer. */
  readonly list: (installation: string) => Promise<Listing>;
}

export interface Listing {
  /** The same for every worker that looks at it, and for no other place. */
  readonly engine: string;
  /** What was looked for; told with 0 when there is none. */
  readonly kinds: readonly OrphanKind[];
  /** In the order in which it can be removed. */
  readonly found: readonly FoundThing[];
}

export interface FoundThing {
  readonly kind: OrphanKind;
  /** As people find it there. */
  readonly name: string;
  readonly attempt: AttemptName;
  readonly installation: string | null;
  readonly isDeployed: boolean;
  /** By the clock of the place; 0 where it cannot be known, so that it is waited for. */
  readonly ageMs: number;
  /** Idempotent. Takes a minute at most. */
  readonly remove: () => Promise<Removal>;
}

/**
 * `going`: we have asked for its end, and it is not there yet · `gone`: somebody else has removed it · `stays`: it cannot
 * be removed now, or somebody else has asked for its end.
 */
export type Removal = 'removed' | 'going' | 'gone' | 'stays';
