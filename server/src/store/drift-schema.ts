import type { MissingRight } from '@sluice/pipelines/rollout/missing-rights';
import type { Drift, FoundThere } from '@sluice/pipelines/rollout/place-look';
import type { ColumnType } from 'kysely';

export interface DriftTables {
  place_looks: PlaceLookTable;
}

type Json<T> = ColumnType<T | null, string | null, string | null>;

/** For the columns that tell what was seen see `PlaceLook`. */
interface PlaceLookTable {
  environment: string;
  /** Empty: the environment is one place. */
  cluster: string;
  fence: number;
  /** While somebody looks, the end of that one's lease. */
  due_at: number;
  /** When somebody asked for the look; null: nobody has since the last one. */
  wanted_at: number | null;
  looked_at: number | null;
  tried_at: number | null;
  problem: string | null;
  drift: Json<Drift>;
  runs: Json<FoundThere>;
  missing_rights: Json<readonly MissingRight[]>;
}
