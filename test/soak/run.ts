// `npm run test:soak`: ten workers, 200 concurrent runs, at least ten minutes. Prints its figures, writes them into
// docs/reliability.md and fails when one of them is not as it must be.
//   npm run test:soak -- [--minutes 10] [--workers 10] [--runs 200] [--seed N]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareEngines } from '../engines.ts';
import { formatSoak } from './format-soak.ts';
import { soak } from './soak.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    workers: { type: 'string', default: '10' },
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
Object.assign(process.env, prepareEngines(root).environment);
const figures = await soak({
  workers: Number(values.workers),
  concurrentRuns: Number(values.runs),
  forMs: Number(values.minutes) * 60_000,
  fewestKills: 0,
  mostKills: Infinity,
  killEveryMs: 4_000,
  seed: Number(values.seed),
  say: (line) => console.log(`${new Date().toISOString().slice(11, 19)}  ${line}`),
});
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, load ${loadavg()[1]?.toFixed(1) ?? '?'} in the last five minutes`;
const text = formatSoak(figures, machine);
console.log(`\n${text}`);
for (const problem of figures.problems.slice(0, 50)) console.log(`! ${problem}`);
write(`${root}/docs/reliability.md`, text);
process.exitCode = figures.problems.length === 0 ? 0 : 1;

/** Between our own marks; other sections belong to others. */
function write(path: string, section: string): void {
  const [begin, end] = ['<!-- soak: begin -->', '<!-- soak: end -->'];
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '# Reliability\n';
  const ours = `${begin}\n${section}\n${end}`;
  const at = before.indexOf(begin);
  const after =
    at === -1
      ? `${before.trimEnd()}\n\n${ours}\n`
      : before.slice(0, at) + ours + before.slice(before.indexOf(end) + end.length);
  writeFileSync(path, after);
}
