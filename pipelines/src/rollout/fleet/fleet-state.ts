// How the clusters of a rollout over several of them stand.
//
//   waiting ─► delivering ─► delivered ─► returning ─► returned
//                  │    └──► seen (was only to be tried)   └─► blocked | stuck (call a person) ─► left
//                  └──► returning        delivered ─► kept (nothing ran there before)

/** Frozen when the rollout starts. */
export interface WaveCluster {
  readonly name: string;
  /** Version of the release that a roll-back puts back; null: none was ever deployed there. */
  readonly returnsTo: string | null;
}

export interface Fleet {
  /** Index of the wave that is under way or next. */
  readonly wave: number;
  /** By name. */
  readonly clusters: Readonly<Record<string, ClusterState>>;
  /** Why no other wave begins, with `on_failure: stop`; absent: nothing has failed. */
  readonly halted?: string;
  /** A person holds all clusters: no wave begins until they are resumed; absent: nobody does. */
  readonly held?: FleetHold;
  /** How many words people have said of all clusters, which number them; absent: none. */
  readonly words?: number;
}

export interface FleetHold {
  readonly by: string;
  readonly reason: string;
  /** Number of the word that began it. */
  readonly word: number;
}

export interface ClusterState {
  readonly status: ClusterStatus;
  /** Number of its last rollout: 0 deploys the new version, later ones put back what was there before. */
  readonly round: number;
  readonly since: number;
  /** What people should know about it: why it waits, fails or stays; null: nothing. */
  readonly note: string | null;
  /** Its rollout waits for an approval. */
  readonly asks?: true;
}

export type ClusterStatus =
  /** Its wave has not begun; where the fleet goes back or stops, it never will. */
  | 'waiting'
  | 'delivering'
  /** It has the new version, and the old one is gone. */
  | 'delivered'
  /** The new version was tried and removed, as was the plan. */
  | 'seen'
  | 'returning'
  /** It has what it had before. */
  | 'returned'
  /** It has the new version, and there is nothing to put back. */
  | 'kept'
  /** Its rollout cannot be rolled back yet: it goes on trying. */
  | 'blocked'
  /** What it had before could not be put back: a person has it tried again, or gives up. */
  | 'stuck'
  /** A person gave it up: it has what it has. */
  | 'left';

/** What the rollout of a cluster has come to, as far as the others are concerned. */
export type ClusterNews =
  /** `problem`: what its target has refused several times in a row; null: all is well. */
  | { readonly kind: 'under-way'; readonly problem: string | null }
  /** A person is to approve it, to let it go on, or to wait for the end of a freeze. */
  | { readonly kind: 'asks'; readonly approval: boolean; readonly reason: string }
  | { readonly kind: 'returning'; readonly reason: string }
  | { readonly kind: 'blocked'; readonly reason: string; readonly problem: string }
  | { readonly kind: 'delivered' }
  | { readonly kind: 'seen' }
  | { readonly kind: 'returned'; readonly reason: string }
  | { readonly kind: 'left'; readonly reason: string };
