import { nextFiring } from '@sluice/pipelines/cron/next-firing';
import { parseCron } from '@sluice/pipelines/cron/parse-cron';
import type { ScheduleRule } from '@sluice/pipelines/language/definition';

/** The first time after `after`; null: there is none. */
export function nextTime({ cron, timezone }: ScheduleRule, after: number): number | null {
  const parsed = parseCron(cron);
  return parsed.ok ? nextFiring(parsed.value, timezone, after) : null;
}
