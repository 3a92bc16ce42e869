import type { Difference } from '@sluice/pipelines/rollout/drift';
import type { ColumnType } from 'kysely';

export interface DriftTables {
  environment_looks: EnvironmentLookTable;
}

interface EnvironmentLookTable {
  environment: string;
  fence: number;
  /** While somebody looks, the end of that one's lease. */
  due_at: number;
  /** Null: nobody has yet. */
  looked_at: number | null;
  /** Why the last look told nothing; null: it did. */
  problem: string | null;
  /** Null: it runs as it was released. */
  drift: ColumnType<Drift | null, string | null, string | null>;
}

export interface Drift {
  readonly since: number;
  readonly differences: readonly Difference[];
}
