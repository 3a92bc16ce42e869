import { setTimeout as sleep } from 'node:timers/promises';
import type { ShiftStep } from './shift-traffic.ts';

const longestMs = 8_000;
const shortestPauseMs = 250;
const longestPauseMs = 2_000;
/** A look lists all pods, and the cluster that answers is busy starting them. */
const pausePerLook = 10;

/** Repeats a step for as long as it makes progress by itself; waiting for pods to start is not ours to do. */
export async function settle(
  step: () => Promise<ShiftStep> | ShiftStep,
  signal: AbortSignal,
): Promise<ShiftStep> {
  const until = performance.now() + longestMs;
  for (;;) {
    const begun = performance.now();
    const state = await step();
    const now = performance.now();
    if (state !== 'moving' || now >= until) return state;
    await sleep(pauseAfter(now - begun), undefined, { signal });
  }
}

/** How long nothing is looked at after a step that took so long: a cluster that is slow to answer is asked less often. */
export const pauseAfter = (stepMs: number): number =>
  Math.min(longestPauseMs, Math.max(shortestPauseMs, pausePerLook * stepMs));
