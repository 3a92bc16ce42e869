import type { ColumnType, Generated } from 'kysely';

/** Tables of the doors: who may come in, what came in, and where it comes from. */
export interface EdgeTables {
  installation: InstallationTable;
  repositories: RepositoryTable;
  deliveries: DeliveryTable;
  secrets: SecretTable;
  api_tokens: ApiTokenTable;
  login_links: LoginLinkTable;
  sessions: SessionTable;
  audit: AuditTable;
}

/** Milliseconds since the epoch, stored as `double precision`: exact to the year 287396 and read as a number. */
type Time = number;

/** Exactly one row. */
interface InstallationTable {
  singleton: Generated<boolean>;
  id: string;
  /** A known text sealed with the master key: tells a wrong key at the start. */
  key_check: string;
  created_at: Time;
}

interface RepositoryTable {
  id: string;
  project: string;
  full_name: string;
  provider: 'github' | 'generic';
  clone_url: string;
  default_branch: string;
  hook_secret_sealed: string;
  credentials_sealed: string | null;
  trusted: boolean;
  shared: Generated<boolean>;
  created_at: Time;
  updated_at: Time;
}

export type DeliveryStatus = 'received' | 'started' | 'ignored' | 'failed';

/**
 * received ─┬─► started     (a run was started)
 *    ▲      ├─► ignored     (a reason is stored)
 *    └──────┴─► failed      (after the last try; before that it is `received` with a later `due_at`)
 */
interface DeliveryTable {
  id: string;
  provider: 'github' | 'generic';
  /** The sender's; with the repository it is unique. */
  delivery_id: string;
  repository_id: string;
  event: string;
  /** JSON object of the headers worth keeping; never a signature or a credential. */
  headers: ColumnType<Record<string, string>, string, string>;
  body: string;
  received_at: Time;
  status: DeliveryStatus;
  tries: ColumnType<number, number | undefined, number>;
  /** When it may be worked on: while someone works on it, the end of that one's lease. */
  due_at: Time;
  /** JSON array of sentences: why it was ignored or failed. */
  reasons: ColumnType<string[], string, string>;
  run_id: string | null;
  finished_at: Time | null;
  /** The delivery that this one repeats. */
  replay_of: string | null;
}

interface SecretTable {
  project: string;
  name: string;
  value_sealed: string;
  updated_at: Time;
  updated_by: string;
}

interface ApiTokenTable {
  id: string;
  name: string;
  user_name: string;
  /** SHA-256 (hex) of the token; the token itself is shown once and stored nowhere. */
  token_hash: string;
  created_at: Time;
  last_used_at: Time | null;
}

interface LoginLinkTable {
  token_hash: string;
  user_name: string;
  expires_at: Time;
}

interface SessionTable {
  id_hash: string;
  user_name: string;
  created_at: Time;
  expires_at: Time;
}

interface AuditTable {
  id: Generated<number>;
  who: string;
  what: string;
  target: string;
  /** JSON object. */
  detail: ColumnType<Record<string, unknown>, string, never>;
  /** Address that the request came from; null: the engine itself. */
  from_address: string | null;
  at: Time;
}
