import type { SoakFigures } from './soak.ts';

/** A section of docs/reliability.md. */
export function formatSoak(figures: SoakFigures): string {
  const { seconds, workers, kills, runs, steps, lines } = figures;
  const minutes = (seconds / 60).toFixed(1);
  const rows: readonly (readonly [string, number | string])[] = [
    ['runs that ended right', `${figures.runsEndedRight} of ${runs}`],
    ['attempts (three stages a run)', figures.stages],
    ['steps whose effect was not there exactly once', `${figures.effectsNotOnce} of ${steps}`],
    ['lines lost', `${figures.linesLost} of ${lines}`],
    ['lines repeated', figures.linesRepeated],
    ['logs whose digest was not proven', figures.logsUnproven],
    ['stages that another process of their worker took up', figures.adoptions],
    ['processes, folders, control groups and containers left', figures.orphans],
  ];
  return `## Ten minutes of killing

${workers} workers, ${kills} of their processes killed with SIGKILL at random (seed ${figures.seed}) and started again, up to
${figures.mostConcurrentRuns} runs at the same time on the process executor, ${minutes} minutes in all (\`npm run test:soak\`).

| what | figure |
| --- | --- |
${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}`;
}
