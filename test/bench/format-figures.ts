import { median, quantile, scoreOf, verdictOf, type Figure } from './figure.ts';

export interface MeasuredBench {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Why there are none. */
  readonly problem: string | null;
  /** The machine's load average of the last minute, before it began. */
  readonly load: string;
  readonly seconds: number;
}

/** The page `docs/performance.md`. */
export function formatFigures(
  benches: readonly MeasuredBench[],
  /** Names of those that the run did not come to. */
  missing: readonly string[],
  { machine, on }: { readonly machine: string; readonly on: string },
): string {
  const figures = benches.flatMap((bench) => bench.figures);
  return [
    '# Performance',
    '',
    'Written by `npm run bench`. Ours and its limit are measured in the same run on the same machine, so the ratio means',
    'something where the milliseconds do not.',
    '',
    `Machine: ${machine}. Run on ${on} UTC. Load average of the machine before each bench, which others may have used too: ${benches.map(({ name, load, seconds }) => `${name} ${load} (${seconds.toFixed(0)} s)`).join(', ')}.`,
    '',
    ...inWords(figures),
    '| what | against | ours, median (p95) | limit, median (p95) | figure | target | |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...figures.map((figure) => {
      const score = scoreOf(figure);
      const { ours, limits, unit } = figure;
      return `| ${figure.name} | ${figure.limit} | ${spread(ours, unit)} | ${spread(limits, unit)} | ${score.text} | ${score.goal ?? '–'} | ${verdictOf(score)} |`;
    }),
    '',
    ...benches.flatMap(({ name, problem }) =>
      problem === null ? [] : [`**${name}** could not be measured in this run: ${problem}`, ''],
    ),
    ...(missing.length === 0 ? [] : [`Not measured, for the run was cut short: ${missing.join(', ')}.`, '']),
    ...figures.flatMap((figure) => [`**${figure.name}**: ${figure.note}`, '']),
  ].join('\n');
}

/** What is met and what is not, before any table. */
function inWords(figures: readonly Figure[]): readonly string[] {
  const scored = figures.map((figure) => ({ figure, score: scoreOf(figure) }));
  const list = (isMet: boolean): string =>
    scored
      .filter(({ score }) => score.isMet === isMet)
      .map(({ figure, score }) => `${figure.name} (${score.text}, target ${score.goal})`)
      .join('; ') || 'none';
  return [`Targets met: ${list(true)}.`, '', `Targets NOT met: ${list(false)}.`, ''];
}

function spread(values: readonly number[], unit: Figure['unit']): string {
  const one = `${median(values).toFixed(0)} ${unit}`;
  return values.length < 2 ? one : `${one} (${quantile(values, 0.95).toFixed(0)} ${unit})`;
}
