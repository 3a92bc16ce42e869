// `npm run bench`: each figure is measured side by side with its limit in the same run, because the machine is shared
// and noisy. `-- --only <name>` runs one, `-- --json` prints for machines; a run of all writes docs/performance.md anew.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { deployInstances } from './deploy-instances.ts';
import { dispatch } from './dispatch.ts';
import { scoreOf, verdictOf, type Figure } from './figure.ts';
import { formatFigures, type MeasuredBench } from './format-figures.ts';
import { hugeLog } from './huge-log.ts';
import { logThroughput } from './log-throughput.ts';
import { history } from './history.ts';
import { memory } from './memory.ts';
import { noOpStages } from './no-op-stages.ts';
import { planning } from './planning.ts';
import { queuedRuns } from './queued-runs.ts';
import { stepOverhead } from './step-overhead.ts';
import { waves } from './waves.ts';
import { webhookToFirstLine } from './webhook-to-first-line.ts';

type Say = (line: string) => void;
const benches: Readonly<Record<string, (say: Say) => Promise<readonly Figure[]>>> = {
  'webhook-to-first-line': webhookToFirstLine,
  dispatch,
  'no-op-stages': noOpStages,
  'step-overhead': stepOverhead,
  'log-throughput': logThroughput,
  memory,
  history,
  'queued-runs': queuedRuns,
  planning,
  'deploy-instances': deployInstances,
  'huge-log': hugeLog,
  waves,
};

const asJson = process.argv.includes('--json');
const say: Say = (line) => void (asJson ? process.stderr : process.stdout).write(`${line}\n`);
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const chosen = Object.entries(benches).filter(([name]) => only === undefined || name === only);
if (chosen.length === 0) {
  process.stderr.write(`no bench "${only}": there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}

const place = {
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}`,
  on: new Date().toISOString().slice(0, 16).replace('T', ' '),
};
const measured: MeasuredBench[] = [];
for (const [name, bench] of chosen) {
  say(`${name} … (load ${loadNow()})`);
  measured.push(await measure(name, bench));
  if (only === undefined) writePage();
}
const scored = measured.flatMap(({ figures }) =>
  figures.map((figure) => ({ ...figure, score: scoreOf(figure) })),
);
if (asJson) process.stdout.write(`${JSON.stringify({ ...place, figures: scored }, null, 2)}\n`);
for (const { name, score } of scored)
  say(`${verdictOf(score)}: ${name}: ${score.text} (target ${score.goal ?? 'none'})`);
for (const { name, problem } of measured) if (problem !== null) say(`FAILED: ${name}: ${problem}`);
if (measured.some(({ problem }) => problem !== null)) process.exitCode = 1;

/** After each bench, so that a run that is cut short has written what it measured. */
function writePage(): void {
  const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
  const missing = chosen.slice(measured.length).map(([name]) => name);
  writeFileSync(page, formatFigures(measured, missing, place));
}

/** A bench that fails is told, and costs none of the others. */
async function measure(
  name: string,
  bench: (say: Say) => Promise<readonly Figure[]>,
): Promise<MeasuredBench> {
  const load = loadNow();
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  try {
    const figures = await bench(say);
    return { name, figures, problem: null, load, seconds: seconds() };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { name, figures: [], problem, load, seconds: seconds() };
  }
}

function loadNow(): string {
  return loadavg()[0]?.toFixed(1) ?? '?';
}
