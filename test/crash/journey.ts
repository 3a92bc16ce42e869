// A journey is one run that is stopped in each of its phases in turn. In a phase under test the fault is injected,
// then the run is let go on to the next. What must be true at its end is checked by the journey itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf, type Cell, type Component, type JourneyName, type Phase } from './cells.ts';
import type { Held } from './door.ts';
import { inject } from './inject.ts';
import type { Installation } from './installation.ts';

export interface Journey {
  readonly name: JourneyName;
  readonly stops: readonly Stop[];
  /** Sets it going. */
  readonly start: () => Promise<void>;
  /** Waits for the end and gives what is wrong; empty when all is right. */
  readonly verify: (cells: readonly Cell[]) => Promise<readonly string[]>;
  /** Frees whatever is still held, in a journey that is given up. */
  readonly abandon: () => Promise<void>;
}

export interface Stop {
  readonly phase: Phase;
  /** Called before the stop before this one is released: from now on the run cannot get past this phase. */
  readonly hold: () => void | Promise<void>;
  /** Resolves when the run stands in this phase. */
  readonly reached: () => Promise<void>;
  /** `cell`: the fault that was injected meanwhile. */
  readonly release: (cell: Cell | undefined) => void | Promise<void>;
  /** Resolves when the run has visibly moved on after the fault. */
  readonly progressed: () => Promise<void>;
  /** Sets the run on its way to the next phase, where nothing else does. */
  readonly leave?: () => void | Promise<void>;
}

export interface Outcome {
  readonly cell: Cell;
  /** Empty: all is right. */
  readonly problems: readonly string[];
  /** From the fault to the next sign of life of the run; null when there was none. */
  readonly recoveryMs: number | null;
}

/** Travels with the faults of `cells`, all of this journey. A phase that is not passed in time ends the journey. */
export async function travel(
  installation: Installation,
  begin: () => Promise<Journey>,
  cells: readonly Cell[],
): Promise<readonly Outcome[]> {
  const recoveries = new Map<Phase, number>();
  let phase: Phase | null = null;
  let problems: readonly string[];
  let journey: Journey | null = null;
  try {
    journey = await begin();
    await journey.stops[0]?.hold();
    await journey.start();
    for (const [index, stop] of journey.stops.entries()) {
      phase = stop.phase;
      const cell = cells.find((each) => each.phase === stop.phase);
      await stop.reached();
      const injected = cell === undefined ? null : await inject(installation, cell);
      await journey.stops[index + 1]?.hold();
      await stop.release(cell);
      await stop.progressed();
      if (injected !== null) recoveries.set(stop.phase, performance.now() - injected.at);
      injected?.end();
      await stop.leave?.();
    }
    phase = null;
    problems = await journey.verify(cells);
  } catch (error) {
    problems = [`${phase ?? 'at the end'}: ${messageOf(error)}`];
    for (const link of Object.values(installation.links)) link.heal();
    await revive(installation);
    await journey?.abandon();
  }
  return cells.map((cell) => ({
    cell,
    problems: problems.map((problem) =>
      cells.length === 1 ? problem : `together with ${othersOf(cell, cells)}: ${problem}`,
    ),
    recoveryMs: recoveries.get(cell.phase) ?? null,
  }));
}

/** A part may have been left dead by a fault that failed; the next journey needs it. */
async function revive({ parts, api }: Installation): Promise<void> {
  for (const part of Object.values(parts)) if (!part.isRunning()) await part.start();
  await until('the server', () => api.call('GET', '/api/runs?limit=1'));
}

const othersOf = (cell: Cell, cells: readonly Cell[]): string =>
  cells.length > 3
    ? `${cells.length - 1} others`
    : cells
        .filter((each) => each !== cell)
        .map(nameOf)
        .join(', ');

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** A limit for what hangs, also on a busy machine; no time that anybody is measured by. */
export const patienceMs = 120_000;

/** Waits until `look` gives a value; a look that fails (the part is dead) is one that found nothing. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined> | T | null | undefined,
  ms = patienceMs,
): Promise<T> {
  let last: unknown;
  for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(20)) {
    try {
      const found = await look();
      if (found !== null && found !== undefined) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`waited ${ms / 1_000} s for ${what}`, { cause: last });
}

/** Parts whose fault breaks what is on its way between the worker and the server; and the worker and its platform. */
const serverBreaks: readonly Component[] = ['server', 'worker'];
export const platformBreaks: readonly Component[] = ['docker', 'kubernetes', 'worker'];

/** What is on its way between two parts does not outlive either of them, nor the network between. */
export function letGo(
  held: Held | null | undefined,
  cell: Cell | undefined,
  breakers: readonly Component[] = serverBreaks,
): void {
  if (cell !== undefined && cell.fault !== 'slow' && breakers.includes(cell.component)) held?.lose();
  else held?.release();
}

export const untilTrue = async (what: string, look: () => Promise<boolean> | boolean): Promise<void> => {
  await until(what, async () => ((await look()) ? true : null));
};
