// Reads the CSV of HAProxy's `show stat`. Columns are found by name: newer versions add some at the end.
import { chosen, shared } from '../deploy/docker/haproxy-backends.ts';

/** Counters of one server since its process started; times are milliseconds. */
export interface ServerCounters {
  readonly backend: string;
  readonly name: string;
  readonly requests: number;
  /** Answered with 5xx, or broken off. */
  readonly bad: number;
  readonly underWay: number;
  /** Mean over the last 1,024 requests, and the longest of all. */
  readonly meanMs: number;
  readonly maxMs: number;
}

const serverRow = '2';
const responseColumns = ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other'];

/** Of the servers of backends that users' requests go to. Throws when the text is not HAProxy's. */
export function serverCounters(
  csv: string,
  backends: readonly string[] = [shared, chosen],
): readonly ServerCounters[] {
  const [header, ...rows] = csv.split('\n').filter((line) => line.trim() !== '');
  const columns = (header ?? '').replace(/^# /, '').split(',');
  if (columns[0] !== 'pxname') throw new Error(`not the statistics of an HAProxy: ${csv.slice(0, 100)}`);
  return rows
    .map((row) => new Map(row.split(',').map((cell, index) => [columns[index] ?? '', cell])))
    .filter((row) => backends.includes(row.get('pxname') ?? '') && row.get('type') === serverRow)
    .map(readCounters);
}

function readCounters(row: ReadonlyMap<string, string>): ServerCounters {
  const value = (column: string): number => Number(row.get(column) ?? 0);
  const answered = responseColumns.reduce((sum, column) => sum + value(column), 0);
  const brokenOff = value('eresp');
  return {
    backend: row.get('pxname') ?? '',
    name: row.get('svname') ?? '',
    requests: answered + brokenOff,
    bad: value('hrsp_5xx') + brokenOff,
    underWay: value('scur'),
    meanMs: value('ttime'),
    maxMs: value('ttime_max'),
  };
}
