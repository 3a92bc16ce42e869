import { median, quantile, scoreOf, type Figure } from './figure.ts';

export function formatFigures(figures: readonly Figure[], machine: string): string {
  return [
    '# Performance',
    '',
    'Written by `npm run bench`. Ours and its limit are measured in the same run on the same machine, so the ratio means',
    'something where the milliseconds do not.',
    '',
    `Machine: ${machine}.`,
    '',
    '| what | against | ours, median (p95) | limit, median (p95) | figure | target | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...figures.map((figure) => {
      const { text, goal, isMet } = scoreOf(figure);
      const { ours, limits, unit } = figure;
      return `| ${figure.name} | ${figure.limit} | ${spread(ours, unit)} | ${spread(limits, unit)} | ${text} | ${goal} | ${isMet ? 'yes' : 'no'} |`;
    }),
    '',
    ...figures.flatMap((figure) => [`**${figure.name}**: ${figure.note}`, '']),
  ].join('\n');
}

function spread(values: readonly number[], unit: Figure['unit']): string {
  const one = `${median(values).toFixed(0)} ${unit}`;
  return values.length < 2 ? one : `${one} (${quantile(values, 0.95).toFixed(0)} ${unit})`;
}
