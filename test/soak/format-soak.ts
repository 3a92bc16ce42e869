import type { SoakFigures } from './soak.ts';

/** A section of docs/reliability.md. `machine`: on what it was measured. */
export function formatSoak(figures: SoakFigures, machine: string): string {
  const { seconds, workers, kills, runs, steps, lines } = figures;
  const minutes = `${(seconds / 60).toFixed(1)} minutes`;
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
  return `## ${minutes} of killing

${workers} workers, ${kills} of their processes killed with SIGKILL at random (seed ${figures.seed}) and started again within
${minutes}, ${figures.mostConcurrentRuns} runs with a running step at the same time on the process executor (\`npm run test:soak\`,
${machine}).

| what | figure |
| --- | --- |
${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}`;
}
