import { parseCron } from '../cron/parse-cron.ts';
import { timezoneProblem } from '../cron/time-zone.ts';
import type { ScheduleRule } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { scheduleKeys } from './keys/trigger-keys.ts';
import { readList, readPlainText } from './read-values.ts';
import { isFull, report } from './reading.ts';

/** Each is looked at again and again for as long as the file is there. */
const mostSchedules = 20;

/** `{ cron, timezone }`, a list of them, or a cron alone, which is in UTC. */
export const readSchedules: Reader<readonly ScheduleRule[]> = (reading, node, name) => {
  const rules = readList(readSchedule)(reading, node, name);
  const seen = new Set<string>();
  rules.forEach(({ cron, timezone }, index) => {
    const item = node.kind === 'list' ? (node.items[index] ?? node) : node;
    if (seen.has(`${timezone} ${cron}`) && !isFull(reading))
      report(
        reading,
        item,
        'duplicate-value',
        `${name} has ${cron} (${timezone}) twice. Remove one of them.`,
      );
    seen.add(`${timezone} ${cron}`);
  });
  if (rules.length > mostSchedules)
    report(
      reading,
      node,
      'too-many-schedules',
      `${name} has ${rules.length} schedules; ${mostSchedules} are allowed.`,
    );
  if (node.kind === 'list' && rules.length === 0)
    report(reading, node, 'empty-value', `${name} is empty. Add one, such as { cron: '0 3 * * 1-5' }.`);
  return rules;
};

const readSchedule: Reader<ScheduleRule> = (reading, node, name) => {
  if (node.kind !== 'map') return { cron: readCron(reading, node, name), timezone: 'UTC' };
  const fields = readFields(reading, node, name, { known: namesOf(scheduleKeys) });
  return {
    cron: requiredField(fields, 'cron', readCron, "cron: '0 3 * * 1-5'", ''),
    timezone: field(fields, 'timezone', readTimezone, 'UTC'),
  };
};

const readCron: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  const cron = text === '' || text.includes('${{') ? null : parseCron(text);
  if (cron?.ok === false)
    report(reading, node, 'bad-cron', `${name}: "${text.slice(0, 60)}" is no schedule: ${cron.error}.`);
  return text.trim().split(/\s+/).join(' ');
};

const readTimezone: Reader<string> = (reading, node, name) => {
  const zone = readPlainText(reading, node, name);
  const problem = zone === '' || zone.includes('${{') ? null : timezoneProblem(zone);
  if (problem !== null) report(reading, node, 'bad-timezone', `${name}: ${problem}`);
  return zone;
};
