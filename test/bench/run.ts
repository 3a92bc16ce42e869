// `npm run bench`: each figure is measured side by side with its limit in the same run and stated as a ratio,
// because the machine is shared and noisy. `-- --json` prints for machines; docs/performance.md is written anew.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Figure } from './figure.ts';
import { formatFigures } from './format-figures.ts';
import { webhookToFirstLine } from './webhook-to-first-line.ts';

const asJson = process.argv.includes('--json');
const say = (line: string) => void (asJson ? process.stderr : process.stdout).write(`${line}\n`);

const figures: Figure[] = [];
for (const bench of [webhookToFirstLine]) figures.push(await bench(say));

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}`;
const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
writeFileSync(page, formatFigures(figures, machine));
if (asJson) process.stdout.write(`${JSON.stringify({ machine, figures }, null, 2)}\n`);
else
  for (const figure of figures)
    say(`${figure.name}: ${figure.ratio.toFixed(2)}× (target ≤ ${figure.target}×)`);
