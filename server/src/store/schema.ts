import type { CoreTables } from './core-schema.ts';
import type { EdgeTables } from './edge-schema.ts';
import type { FairnessTables } from './fairness-schema.ts';

/** Every table: what the orchestrator owns, what the doors own (repositories, deliveries, secrets, sessions), and who goes before whom. */
export interface Schema extends CoreTables, EdgeTables, FairnessTables {}
