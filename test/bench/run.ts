// `npm run bench`: each figure is measured side by side with its limit in the same run, because the machine is shared
// and noisy. `-- --only <name>` runs one, `-- --json` prints for machines; a run of all writes docs/performance.md anew.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { dispatch } from './dispatch.ts';
import { scoreOf, type Figure } from './figure.ts';
import { formatFigures } from './format-figures.ts';
import { hugeLog } from './huge-log.ts';
import { logThroughput } from './log-throughput.ts';
import { history } from './history.ts';
import { memory } from './memory.ts';
import { noOpStages } from './no-op-stages.ts';
import { queuedRuns } from './queued-runs.ts';
import { stepOverhead } from './step-overhead.ts';
import { webhookToFirstLine } from './webhook-to-first-line.ts';

type Say = (line: string) => void;
const benches: Readonly<Record<string, (say: Say) => Promise<readonly Figure[]>>> = {
  'webhook-to-first-line': webhookToFirstLine,
  dispatch,
  'no-op-stages': noOpStages,
  'step-overhead': stepOverhead,
  'log-throughput': logThroughput,
  'huge-log': hugeLog,
  memory,
  'queued-runs': queuedRuns,
  history,
};

const asJson = process.argv.includes('--json');
const say: Say = (line) => void (asJson ? process.stderr : process.stdout).write(`${line}\n`);
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const chosen = Object.entries(benches).filter(([name]) => only === undefined || name === only);
if (chosen.length === 0) {
  process.stderr.write(`no bench "${only}": there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, bench] of chosen) {
  say(`${name} …`);
  figures.push(...(await bench(say)));
}

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}`;
const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
if (only === undefined) writeFileSync(page, formatFigures(figures, machine));
const scored = figures.map((figure) => ({ ...figure, score: scoreOf(figure) }));
if (asJson) process.stdout.write(`${JSON.stringify({ machine, figures: scored }, null, 2)}\n`);
for (const { name, score } of scored) {
  const met = score.isMet === null ? 'shown  ' : score.isMet ? 'met    ' : 'NOT met';
  say(`${met} ${name}: ${score.text} (target ${score.goal ?? 'none'})`);
}
