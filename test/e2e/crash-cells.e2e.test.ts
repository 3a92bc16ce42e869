// A few cells of the crash matrix; `npm run test:crash` tries all of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameOf, type Cell } from '../crash/cells.ts';
import { startInstallation, type Installation } from '../crash/installation.ts';
import type { Outcome } from '../crash/journey.ts';
import { travelAll } from '../crash/travel-all.ts';

// Those with the same part and the same fault share one run.
const cells: readonly Cell[] = [
  { component: 'server', phase: 'claimed', fault: 'kill' },
  { component: 'server', phase: 'log-tail', fault: 'kill' },
  { component: 'worker', phase: 'claimed', fault: 'kill' },
  { component: 'worker', phase: 'step-running', fault: 'kill' },
  { component: 'postgres', phase: 'step-running', fault: 'kill' },
  { component: 'docker', phase: 'step-running', fault: 'kill' },
  // Between the rollouts of several clusters.
  { component: 'server', phase: 'wave-end', fault: 'kill' },
  { component: 'server', phase: 'next-wave', fault: 'kill' },
];

// It starts a Docker engine of its own, which only root may.
describe.skipIf(process.getuid?.() !== 0)('in the middle of a run', () => {
  let installation: Installation;
  const outcomes: Outcome[] = [];
  beforeAll(async () => {
    installation = await startInstallation();
  });
  afterAll(async () => {
    await installation?.[Symbol.asyncDispose]();
  });

  test(`nothing is lost, doubled or left behind: ${cells.map(nameOf).join(', ')}`, async () => {
    await travelAll(installation, cells, () => undefined, outcomes);
    expect(
      outcomes.flatMap(({ cell, problems }) => problems.map((each) => `${nameOf(cell)}: ${each}`)),
    ).toEqual([]);
    expect(outcomes).toHaveLength(cells.length);
  }, 600_000);
});
