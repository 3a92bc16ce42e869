// `npm run test:crash`: kills, stops, cuts off and slows down each part of an installation in each phase of a run and
// of a rollout, and looks whether anything was lost, doubled or left behind. Needs root: it starts a Docker engine.
//
//   --only server/step-running/kill   cells that begin so; may be given more than once
//   --repeat 3                        the whole choice so many times
//   --parallel 2                      so many installations side by side; default 2, and 1 for a choice
//   --list                            cells, and why others make no sense
//   --json                            outcomes for machines on standard output
//   --write                           a choice is written to docs/reliability.md too; the whole matrix always is
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allCells, nameOf, reasonAgainst, type Cell } from './cells.ts';
import type { Outcome } from './journey.ts';
import { openLanes } from './lanes.ts';
import { formatReport, writeReport } from './report.ts';
import { groupsOf } from './travel-all.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    repeat: { type: 'string', default: '1' },
    parallel: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const page = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const isChosen = (cell: Cell): boolean =>
  options.only === undefined || options.only.some((wanted) => `${nameOf(cell)}/`.startsWith(`${wanted}/`));
const chosen = allCells.filter(isChosen);
const cells = chosen.filter((cell) => reasonAgainst(cell) === null);

if (options.list) {
  for (const cell of chosen)
    process.stdout.write(`${nameOf(cell).padEnd(40)} ${reasonAgainst(cell) ?? ''}\n`);
  process.exit();
}
if (cells.length === 0) {
  for (const cell of chosen) say(`${nameOf(cell)}: ${reasonAgainst(cell) ?? ''}`);
  say('no cell is left to try: see --list');
  process.exit(2);
}

const rounds = Math.max(1, Number(options.repeat));
const parallel = Math.max(1, Number(options.parallel ?? (options.only === undefined ? 2 : 1)));
const outcomes: Outcome[] = [];
const report = (): void => {
  if (options.only === undefined || options.write)
    writeReport(page, formatReport(outcomes, { at: new Date(), rounds, parallel }));
};
const groups = Array.from({ length: rounds }, () => groupsOf(cells)).flat();
const lanes = openLanes(groups, parallel, say, outcomes);
let isInterrupted = false;
const closeAndExit = async (): Promise<void> => {
  if (isInterrupted) return; // a terminal tells npm and us, and npm tells us again
  isInterrupted = true;
  report();
  await lanes[Symbol.asyncDispose]();
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void closeAndExit());
try {
  await lanes.ended;
  if (!isInterrupted) report();
} finally {
  if (!isInterrupted) await lanes[Symbol.asyncDispose]();
}
if (isInterrupted) await new Promise(() => undefined); // the end is under way
const wrong = outcomes.filter(({ problems }) => problems.length > 0);
say(`${outcomes.length} cells, ${wrong.length} wrong`);
if (options.json) process.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`);
process.exit(wrong.length === 0 ? 0 : 1);
