import { formatCount, formatDuration, formatPercent, formatValue } from './figures.ts';
import type { Forecast, Preflight } from './preflight-report.ts';

/** A preflight in words, for the log and the command line. */
export function preflightLines(found: Preflight, firstPercent: number | null): readonly string[] {
  const { pastMs, requestsPerSecond, badShare, forecasts, unknown, trials } = found;
  return [
    `preflight on the last ${formatDuration(pastMs)} of this service: ${formatValue(requestsPerSecond)} requests a second now, ${formatPercent(100 * badShare)} of all were bad`,
    ...forecasts.map((forecast) => `${whichOf(forecast)}: ${whatOf(forecast, trials)}`),
    ...(unknown.length === 0 ? [] : [`the past of ${unknown.join(', ')} is not known, and left out`]),
    ...budgetLine(found, firstPercent),
  ];
}

const whichOf = ({ times }: Forecast): string =>
  times === 1 ? 'a release as good as this one' : `one with ${times} times the errors`;

function whatOf({ failed, passed, undecided, medianMs }: Forecast, trials: number): string {
  const of = (count: number): string => `${Math.round((100 * count) / trials)} %`;
  const caught =
    medianMs === null
      ? `failed ${of(0)} of the time`
      : `failed ${of(failed)}, half of those within ${formatDuration(medianMs)}`;
  const rest = undecided === 0 ? '' : `, ${of(undecided)} without a verdict in the time allowed`;
  return `${caught}, passed ${of(passed)}${rest}`;
}

function budgetLine({ budget }: Preflight, firstPercent: number | null): readonly string[] {
  if (budget === null) return [];
  const allowed = `the budget allows ${formatValue(budget.allowed)} bad requests of about ${formatCount(budget.expectedRequests)}`;
  if (budget.safePercent === null) return [`${allowed}: any first weight keeps it`];
  const tooMuch =
    firstPercent !== null && firstPercent > budget.safePercent
      ? `, and this stage begins with ${formatPercent(firstPercent)}`
      : '';
  return [`${allowed}: begin with at most ${formatPercent(budget.safePercent)}${tooMuch}`];
}
