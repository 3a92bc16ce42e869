// The outcomes of a run as a section of docs/reliability.md, between two marks; the rest of the page stays as it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import {
  allCells,
  components,
  faults,
  nameOf,
  phasesOf,
  reasonAgainst,
  type Cell,
  type Fault,
} from './cells.ts';
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
  const tried = cellsOf(outcomes);
  const wrong = tried.filter(({ problems }) => problems.length > 0);
  const sensible = allCells.filter((cell) => reasonAgainst(cell) === null).length;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, load ${loadavg()[0]?.toFixed(1) ?? '?'} at the end, Node ${process.versions.node}`;
  return [
    '## Crash matrix',
    '',
    'Written by `npm run test:crash`. Each part of an installation is killed (SIGKILL, started again), stopped (SIGTERM, started again), cut off (its connections broken and refused for 2 s) or slowed down (100 ms and 64 kB/s) in each phase of a run and of a rollout. A cell is right when in every round the run ended as it would have without the fault, in one attempt a stage; every step began once and its lines count from 0 without gap or repeat; every log was verified; one tag, one release, one vote; and no container, network, volume, pod, secret, config map, network policy, spool, folder or process of the run was left. The time is from the fault to the next sign of life of the run, start of the process included. For `kubernetes`, the API server, stages run in pods and the rollout is one of Kubernetes; the fault comes when the API server has made, changed or removed something and the worker has no answer yet, in the phases in which there is such a call.',
    '',
    `${run.at.toISOString().slice(0, 10)} · ${machine} · ${tried.length} of ${sensible} cells, ${roundsOf(tried, run.rounds)}, ${run.parallel} ${run.parallel === 1 ? 'installation' : 'installations side by side'}: ${tried.length - wrong.length} right, ${wrong.length} wrong.`,
    '',
    ...summary(outcomes),
    ...faults.flatMap((fault) => tableOf(fault, outcomes)),
    ...(wrong.length === 0
      ? []
      : [
          '### Wrong',
          '',
          ...wrong.flatMap(({ cell, rounds, problems }) =>
            [...new Set(problems.flat().map(oneLine))].map(
              (problem) => `- ${nameIn(cell)} (${problems.length} of ${rounds} times): ${problem}`,
            ),
          ),
          '',
        ]),
    '### Cells that are not tried',
    '',
    ...reasonsAgainst(),
  ].join('\n');
}

/** One cell over all its rounds. */
interface Tried {
  readonly cell: Cell;
  readonly rounds: number;
  /** Of each round that went wrong. */
  readonly problems: readonly (readonly string[])[];
}

function cellsOf(outcomes: readonly Outcome[]): readonly Tried[] {
  const found = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const key = nameOf(outcome.cell);
    found.set(key, [...(found.get(key) ?? []), outcome]);
  }
  return [...found.values()].flatMap((rounds) => {
    const [first] = rounds;
    if (first === undefined) return [];
    const problems = rounds.flatMap((each) => (each.problems.length === 0 ? [] : [each.problems]));
    return [{ cell: first.cell, rounds: rounds.length, problems }];
  });
}

/** An interrupted run has not come to every cell in its last round. */
function roundsOf(tried: readonly Tried[], wanted: number): string {
  const least = Math.min(wanted, ...tried.map(({ rounds }) => rounds));
  const times = `${wanted} ${wanted === 1 ? 'time' : 'times'} each`;
  return least === wanted ? times : `${least} to ${times}`;
}

function summary(outcomes: readonly Outcome[]): readonly string[] {
  const rows = components.flatMap((component) =>
    faults.flatMap((fault) => {
      const ofPart = outcomes.filter(({ cell }) => cell.component === component && cell.fault === fault);
      const times = ofPart
        .flatMap(({ recoveryMs }) => (recoveryMs === null ? [] : [recoveryMs]))
        .toSorted((a, b) => a - b);
      if (times.length === 0) return [];
      return [
        `| ${component} | ${fault} | ${new Set(ofPart.map(({ cell }) => cell.phase)).size} | ${seconds(median(times))} | ${seconds(times.at(-1))} |`,
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
  const times = outcomes.map(({ recoveryMs }) => recoveryMs ?? 0).toSorted((a, b) => a - b);
  const [middle, longest] = [seconds(median(times)), seconds(times.at(-1))];
  return middle === longest ? middle : `${middle} (max ${longest})`;
}

function reasonsAgainst(): readonly string[] {
  const reasons = new Map<string, number>();
  for (const cell of allCells) {
    const reason = reasonAgainst(cell);
    if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].map(([reason, count]) => `- ${count} cells: ${reason}`);
}

const median = (sorted: readonly number[]): number | undefined => sorted[Math.floor(sorted.length / 2)];
const nameIn = ({ component, phase, fault }: Cell): string => `${component}, ${phase}, ${fault}`;
const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1_000).toFixed(1)} s`);
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 300);
