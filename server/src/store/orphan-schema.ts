/** Tables of what runs have left on engines. */
export interface OrphanTables {
  orphan_looks: OrphanLookTable;
}

/** The last look at an engine for one kind of thing, whichever worker looked. */
interface OrphanLookTable {
  engine: string;
  kind: string;
  /** Seen, and not gone yet. */
  orphans: number;
  worker_id: string;
  looked_at: number;
  /** Nobody has looked again by then: nothing is known any more. */
  valid_until: number;
}
