import { setTimeout as sleep } from 'node:timers/promises';
import type { ShiftStep } from './shift-traffic.ts';

const longestMs = 8_000;
const pollMs = 250;

/** Repeats a step for as long as it makes progress by itself; waiting for pods to start is not ours to do. */
export async function settle(
  step: () => Promise<ShiftStep> | ShiftStep,
  signal: AbortSignal,
): Promise<ShiftStep> {
  const until = performance.now() + longestMs;
  for (;;) {
    const state = await step();
    if (state !== 'moving' || performance.now() >= until) return state;
    await sleep(pollMs, undefined, { signal });
  }
}
