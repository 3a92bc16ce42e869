/** Tables of what begins by the clock. */
export interface ScheduleTables {
  schedules: ScheduleTable;
  schedule_looks: ScheduleLookTable;
}

/** One line of `on.schedule` of the pipeline on a repository's default branch. */
interface ScheduleTable {
  repository_id: string;
  cron: string;
  timezone: string;
  /** When it fires next, or should have fired. */
  due_at: number;
  /** Not tried before: later than `due_at` while its repository cannot be read. */
  try_at: number;
}

interface ScheduleLookTable {
  repository_id: string;
  /** When the pipeline file is read again for its schedules. */
  look_at: number;
}
