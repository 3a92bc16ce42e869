// `npm run test:crash`: kills, stops, cuts off and slows down each part of an installation in each phase of a run and
// of a rollout, and looks whether anything was lost, doubled or left behind.
//
//   --only server/step-running/kill   cells that begin so; may be given more than once
//   --repeat 3                        the whole choice so many times
//   --list                            cells, and why others make no sense
//   --json                            outcomes for machines on standard output
import { parseArgs } from 'node:util';
import { allCells, nameOf, type Cell } from './cells.ts';
import { startInstallation } from './installation.ts';
import { travelAll } from './travel-all.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    repeat: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const isChosen = (cell: Cell): boolean =>
  options.only === undefined || options.only.some((wanted) => `${nameOf(cell)}/`.startsWith(`${wanted}/`));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const cells = allCells.filter(isChosen);
const installation = await startInstallation();
say(`installation in ${installation.folder}`);
const closeAndExit = async (): Promise<void> => {
  await installation[Symbol.asyncDispose]();
  process.exit(130);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void closeAndExit());
try {
  const outcomes = await travelAll(installation, cells, say);
  const wrong = outcomes.filter(({ problems }) => problems.length > 0);
  say(`${outcomes.length} cells, ${wrong.length} wrong`);
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  if (options.keep) process.exit(1);
  await installation[Symbol.asyncDispose]();
}
process.exit();
