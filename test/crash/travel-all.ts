// Groups cells into journeys: all phases of one journey with the same part and the same fault share one run. When such
// a run goes wrong, its cells are travelled one by one to find the one to blame.
import { nameOf, phasesOf, type Cell, type JourneyName } from './cells.ts';
import type { Installation } from './installation.ts';
import { travel, type Journey, type Outcome } from './journey.ts';
import { approvalJourney } from './journeys/approval.ts';
import { imageJourney } from './journeys/image.ts';
import { rollBackJourney, rolloutJourney } from './journeys/rollout.ts';
import { stepsJourney } from './journeys/steps.ts';

type Begin = (installation: Installation, id: string) => Promise<Journey>;

const journeys: Readonly<Record<JourneyName, Begin>> = {
  steps: stepsJourney,
  image: imageJourney,
  approval: approvalJourney,
  rollout: rolloutJourney,
  'roll-back': rollBackJourney,
};

/** Journeys of all rounds: each has names of its own. */
let number = 0;

/** Adds to `outcomes` as they come. */
export async function travelAll(
  installation: Installation,
  cells: readonly Cell[],
  say: (line: string) => void,
  outcomes: Outcome[],
): Promise<void> {
  const go = async (begin: Begin, chosen: readonly Cell[]): Promise<readonly Outcome[]> => {
    number += 1;
    return travel(installation, () => begin(installation, `j${number}`), chosen);
  };
  for (const [journey, group] of groups(cells)) {
    const begin = journeys[journey];
    const together = await go(begin, group);
    const isRight = together.every(({ problems }) => problems.length === 0);
    if (isRight || group.length === 1) {
      for (const outcome of together) outcomes.push(tell(outcome, say));
      continue;
    }
    for (const problem of together[0]?.problems ?? []) say(`      ${problem}`);
    for (const cell of group)
      for (const outcome of await go(begin, [cell])) outcomes.push(tell(outcome, say));
  }
}

function tell(outcome: Outcome, say: (line: string) => void): Outcome {
  const took = outcome.recoveryMs === null ? '–' : `${(outcome.recoveryMs / 1_000).toFixed(1)} s`;
  say(`${outcome.problems.length === 0 ? 'right' : 'WRONG'}  ${nameOf(outcome.cell).padEnd(36)} ${took}`);
  for (const problem of outcome.problems) say(`       ${problem}`);
  return outcome;
}

function groups(cells: readonly Cell[]): readonly (readonly [JourneyName, readonly Cell[]])[] {
  const found = new Map<string, readonly [JourneyName, Cell[]]>();
  for (const cell of cells) {
    const journey = journeyOf(cell);
    const key = `${journey} ${cell.component} ${cell.fault}`;
    const group = found.get(key) ?? [journey, []];
    group[1].push(cell);
    found.set(key, group);
  }
  return [...found.values()];
}

function journeyOf(cell: Cell): JourneyName {
  for (const [name, phases] of Object.entries(phasesOf) as [JourneyName, readonly string[]][])
    if (phases.includes(cell.phase)) return name;
  throw new Error(`no journey comes through ${cell.phase}`);
}
