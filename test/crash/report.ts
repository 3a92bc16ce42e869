// The outcomes of a run as a section of docs/reliability.md, between two marks; the rest of the page stays as it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { allCells, components, faults, phasesOf, reasonAgainst, type Cell, type Fault } from './cells.ts';
import type { Outcome } from './journey.ts';

const [begin, end] = ['<!-- crash matrix: begin -->', '<!-- crash matrix: end -->'];
const heading = '# Reliability\n\n';

export function writeReport(file: string, text: string): void {
  const page = existsSync(file) ? readFileSync(file, 'utf8') : heading;
  const section = `${begin}\n${text}\n${end}`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const isThere = from !== -1 && to > from;
  writeFileSync(
    file,
    isThere
      ? page.slice(0, from) + section + page.slice(to + end.length)
      : `${page.trimEnd()}\n\n${section}\n`,
  );
}

export function formatReport(
  outcomes: readonly Outcome[],
  run: { readonly at: Date; readonly rounds: number; readonly parallel: number },
): string {
  const wrong = outcomes.filter(({ problems }) => problems.length > 0);
  const sensible = allCells.filter((cell) => reasonAgainst(cell) === null).length;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, load ${loadavg()[0]?.toFixed(1) ?? '?'} at the end, Node ${process.versions.node}`;
  const tried = new Set(outcomes.map(({ cell }) => JSON.stringify(cell))).size;
  return [
    '## Crash matrix',
    '',
    'Written by `npm run test:crash`. Each part of an installation is killed (SIGKILL, started again), stopped (SIGTERM, started again), cut off (its connections broken and refused for 2 s) or slowed down (100 ms and 64 kB/s) in each phase of a run and of a rollout. A cell is right when the run ended as it would have without the fault, in one attempt a stage; every step began once and its lines count from 0 without gap or repeat; every log was verified; one tag, one release, one vote; and no container, network, volume, spool, folder or process of the run was left. The time is from the fault to the next sign of life of the run, start of the process included.',
    '',
    `${run.at.toISOString().slice(0, 10)} · ${machine} · ${tried} of ${sensible} cells, ${run.rounds} ${run.rounds === 1 ? 'time' : 'times'} each: ${outcomes.length - wrong.length} right, ${wrong.length} wrong.`,
    '',
    ...summary(outcomes),
    ...faults.flatMap((fault) => tableOf(fault, outcomes)),
    ...(wrong.length === 0
      ? []
      : [
          '### Wrong',
          '',
          ...wrong.flatMap(({ cell, problems }) =>
            problems.map((problem) => `- ${nameIn(cell)}: ${oneLine(problem)}`),
          ),
          '',
        ]),
    '### Cells that are not tried',
    '',
    ...reasonsAgainst(),
  ].join('\n');
}

function summary(outcomes: readonly Outcome[]): readonly string[] {
  const rows = components.flatMap((component) =>
    faults.flatMap((fault) => {
      const times = outcomes
        .filter(({ cell }) => cell.component === component && cell.fault === fault)
        .flatMap(({ recoveryMs }) => (recoveryMs === null ? [] : [recoveryMs]))
        .toSorted((a, b) => a - b);
      if (times.length === 0) return [];
      return [
        `| ${component} | ${fault} | ${times.length} | ${seconds(times[Math.floor(times.length / 2)])} | ${seconds(times.at(-1))} |`,
      ];
    }),
  );
  return [
    '| part | fault | cells | recovered in, median | max |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

function tableOf(fault: Fault, outcomes: readonly Outcome[]): readonly string[] {
  const parts = components.filter((component) =>
    outcomes.some(({ cell }) => cell.component === component && cell.fault === fault),
  );
  if (parts.length === 0) return [];
  const rows = Object.values(phasesOf)
    .flat()
    .map((phase) => {
      const cells = parts.map((component) =>
        shown(
          outcomes.filter(
            ({ cell }) => cell.component === component && cell.phase === phase && cell.fault === fault,
          ),
        ),
      );
      return `| ${phase} | ${cells.join(' | ')} |`;
    });
  return [
    `### ${fault}`,
    '',
    `| phase | ${parts.join(' | ')} |`,
    `| --- |${parts.map(() => ' --- |').join('')}`,
    ...rows,
    '',
  ];
}

function shown(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return 'not run';
  if (outcomes.some(({ problems }) => problems.length > 0)) return '**wrong**';
  return seconds(Math.max(...outcomes.map(({ recoveryMs }) => recoveryMs ?? 0)));
}

function reasonsAgainst(): readonly string[] {
  const reasons = new Map<string, number>();
  for (const cell of allCells) {
    const reason = reasonAgainst(cell);
    if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].map(([reason, count]) => `- ${count} cells: ${reason}`);
}

const nameIn = ({ component, phase, fault }: Cell): string => `${component}, ${phase}, ${fault}`;
const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(1)} s`);
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 300);
