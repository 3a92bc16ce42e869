import { median, quantile, type Figure } from './figure.ts';

export function formatFigures(figures: readonly Figure[], machine: string): string {
  return [
    '# Performance',
    '',
    'Written by `npm run bench`. Ours and its limit are measured in turn in the same run on the same machine, so the',
    'ratio means something where the milliseconds do not.',
    '',
    `Machine: ${machine}.`,
    '',
    '| what | against | ours, median (p95) | limit, median (p95) | ratio | target |',
    '| --- | --- | --- | --- | --- | --- |',
    ...figures.map(
      (figure) =>
        `| ${figure.name} | ${figure.limit} | ${spread(figure.oursMs)} | ${spread(figure.limitMs)} | ${figure.ratio.toFixed(2)}× | ≤ ${figure.target}× |`,
    ),
    '',
    ...figures.map((figure) => `**${figure.name}**: ${figure.note}`),
    '',
  ].join('\n');
}

const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(0)} ms (${quantile(values, 0.95).toFixed(0)} ms)`;
