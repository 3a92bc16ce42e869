import type { ArtifactFile } from '@sluice/pipelines/protocol/kept-files';
import type { ColumnType } from 'kysely';

/** Tables of what outlives a stage: artifacts, caches, and results that other runs may take over. */
export interface KeptTables {
  contents: ContentTable;
  artifacts: ArtifactTable;
  caches: CacheTable;
  stage_results: StageResultTable;
}

/** Milliseconds since the epoch, stored as `double precision`. */
type Time = number;
type Json<T> = ColumnType<T, string, string>;

/** A file of the blob store. */
interface ContentTable {
  sha256: string;
  bytes: number;
  /** When it was stored, or stored again. */
  stored_at: Time;
}

interface ArtifactTable {
  id: string;
  run_id: string;
  stage: string;
  /** Number of the attempt. */
  attempt: number;
  /** Null: its time was over and the file was given up. */
  sha256: string | null;
  bytes: number;
  unpacked_bytes: number;
  file_count: number;
  /** The first of them. */
  files: Json<readonly ArtifactFile[]>;
  created_at: Time;
  expires_at: Time;
}

interface CacheTable {
  id: string;
  project: string;
  repository_id: string;
  /** Who may read it: see `trustScope`. */
  scope: string;
  /** SHA-256 over the paths that are in it. */
  kind: string;
  key: string;
  sha256: string;
  bytes: number;
  run_id: string;
  created_at: Time;
  last_used_at: Time;
}

/** A stage that ran with known inputs. What it gave stands in its run's state. */
interface StageResultTable {
  run_id: string;
  stage: string;
  repository_id: string;
  /** Who may take it over: see `trustScope`. */
  scope: string;
  /** SHA-256 over its inputs: see `reuseKeyText`. */
  key_hash: string;
  /** Null until it has succeeded, and for good when it does not. */
  succeeded_at: Time | null;
}
