import type { CoreTables } from './core-schema.ts';
import type { DriftTables } from './drift-schema.ts';
import type { EdgeTables } from './edge-schema.ts';
import type { FairnessTables } from './fairness-schema.ts';
import type { KeptTables } from './kept-schema.ts';
import type { NotificationTables } from './notification-schema.ts';
import type { OrphanTables } from './orphan-schema.ts';
import type { ReportTables } from './report-schema.ts';
import type { ScheduleTables } from './schedule-schema.ts';

/**
 * Every table: what the orchestrator owns, what the doors own (repositories, deliveries, secrets, sessions), who goes
 * before whom, what outlives a stage (artifacts, caches), what test tools said, what is left on engines, and what begins by the clock,
 * what people are told, and whether places run what was released there.
 */
export interface Schema
  extends
    CoreTables,
    EdgeTables,
    FairnessTables,
    KeptTables,
    ReportTables,
    OrphanTables,
    ScheduleTables,
    NotificationTables,
    DriftTables {}
