import type { CoreTables } from './core-schema.ts';
import type { EdgeTables } from './edge-schema.ts';

/** Every table: what the orchestrator owns, and what the doors own (repositories, deliveries, secrets, sessions). */
export interface Schema extends CoreTables, EdgeTables {}
