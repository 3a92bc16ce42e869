// Groups cells into journeys: all phases of one journey with the same part and the same fault share one run. When such
// a run goes wrong, its cells are travelled one by one to find the one to blame; when none is, all of them are wrong.
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameOf, phasesOf, platformOf, type Cell, type JourneyName } from './cells.ts';
import type { Installation } from './installation.ts';
import { travel, type Journey, type Outcome } from './journey.ts';
import { approvalJourney } from './journeys/approval.ts';
import { fleetBackJourney, fleetJourney } from './journeys/fleet.ts';
import { imageJourney } from './journeys/image.ts';
import { rollBackJourney, rolloutJourney } from './journeys/rollout.ts';
import { stepsJourney } from './journeys/steps.ts';
import type { Platform } from './platforms/platform.ts';

type Begin = (installation: Installation, id: string) => Promise<Journey>;

const journeys: Readonly<Record<JourneyName, Begin>> = {
  steps: stepsJourney,
  image: imageJourney,
  approval: approvalJourney,
  rollout: rolloutJourney,
  'roll-back': rollBackJourney,
  fleet: fleetJourney,
  'fleet-back': fleetBackJourney,
};

/** Cells that share one run. */
export interface Group {
  readonly journey: JourneyName;
  readonly platform: Platform['kind'];
  readonly cells: readonly Cell[];
}

/** Adds to `outcomes` as they come, one after the other. */
export async function travelAll(
  installation: Installation,
  cells: readonly Cell[],
  say: (line: string) => void,
  outcomes: Outcome[],
): Promise<void> {
  const tell = (outcome: Outcome): void => {
    outcomes.push(outcome);
    sayOutcome(outcome, say);
  };
  for (const group of groupsOf(cells)) await travelGroup(installation, group, say, tell);
}

/** Journeys of all rounds and installations: each has names of its own. */
let number = 0;

export async function travelGroup(
  installation: Installation,
  { journey, cells }: Group,
  say: (line: string) => void,
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const go = async (chosen: readonly Cell[]): Promise<readonly Outcome[]> => {
    number += 1;
    const id = `j${number}`;
    const outcomes = await travel(installation, () => journeys[journey](installation, id), chosen);
    if (!areRight(outcomes)) say(`      what its processes wrote: ${keepLogs(installation)}`);
    return outcomes;
  };
  const together = await go(cells);
  if (areRight(together) || cells.length === 1) {
    for (const outcome of together) tell(outcome);
    return;
  }
  for (const problem of together[0]?.problems ?? []) say(`      ${problem}`);
  const alone: Outcome[] = [];
  for (const cell of cells) alone.push(...(await go([cell])));
  for (const outcome of areRight(alone) ? together : alone) tell(outcome);
}

const areRight = (outcomes: readonly Outcome[]): boolean =>
  outcomes.every(({ problems }) => problems.length === 0);

/** The installation's own folder goes with it. */
function keepLogs({ folder }: Installation): string {
  const kept = mkdtempSync(join(tmpdir(), 'sluice-crash-log-'));
  cpSync(join(folder, 'log'), kept, { recursive: true });
  return kept;
}

export function sayOutcome(outcome: Outcome, say: (line: string) => void): void {
  const took = outcome.recoveryMs === null ? '–' : `${(outcome.recoveryMs / 1_000).toFixed(1)} s`;
  say(`${outcome.problems.length === 0 ? 'right' : 'WRONG'}  ${nameOf(outcome.cell).padEnd(36)} ${took}`);
  for (const problem of outcome.problems) say(`       ${problem}`);
}

export function groupsOf(cells: readonly Cell[]): readonly Group[] {
  const found = new Map<string, Group & { readonly cells: Cell[] }>();
  for (const cell of cells) {
    const [journey, platform] = [journeyOf(cell), platformOf(cell)];
    const key = `${journey} ${cell.component} ${cell.fault}`;
    const group = found.get(key) ?? { journey, platform, cells: [] };
    group.cells.push(cell);
    found.set(key, group);
  }
  return [...found.values()];
}

function journeyOf(cell: Cell): JourneyName {
  for (const [name, phases] of Object.entries(phasesOf) as [JourneyName, readonly string[]][])
    if (phases.includes(cell.phase)) return name;
  throw new Error(`no journey comes through ${cell.phase}`);
}
