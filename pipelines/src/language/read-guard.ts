// When the guard in the cluster gives traffic back because nothing is heard of the engine.
import type { DeployWork, GuardWish, TrafficProvider } from './definition.ts';
import { nameOf, type Fields } from './fields.ts';
import { readDuration } from './read-units.ts';
import { report } from './reading.ts';

/** Null: nobody is asked for. A router's traffic has a guard also where the file says nothing of one. */
export function readGuard(
  fields: Fields,
  work: Pick<DeployWork, 'intervalMs' | 'hooks'>,
  traffic: TrafficProvider | null,
): GuardWish | null {
  const entry = fields.entries.get('guard');
  const { reading } = fields;
  const needed = mostLooksMissed * betweenLooksMs(work);
  if (entry === undefined) {
    return traffic === null ? null : { afterMs: Math.max(usualMs, needed), isRequired: false };
  }
  const label = nameOf(fields, 'guard');
  const afterMs = readDuration(shortestMs)(reading, entry.value, label);
  if (traffic === null) {
    const message = `${label} puts a route back, and there is none to put back: the traffic is not shared by httproute/…, ingress/… or virtualservice/…. Name the route in traffic, or remove guard.`;
    report(reading, entry.keySpan, 'conflicting-keys', message);
  } else if (afterMs < needed) {
    const message = `${label} must be at least ${needed / 1_000}s, three times what may pass between two looks (interval, and the timeouts of hooks that are asked at each): otherwise a slow look would be taken for a dead engine.`;
    report(reading, entry.value, 'wrong-value', message);
  }
  return { afterMs, isRequired: true };
}

const usualMs = 60_000;
/** An action may take this long between two of its signs of life. */
const shortestMs = 10_000;
const mostLooksMissed = 3;

/** The engine is heard of at every look; hooks are asked between two of them. */
function betweenLooksMs({ intervalMs, hooks = [] }: Pick<DeployWork, 'intervalMs' | 'hooks'>): number {
  const asked = hooks.filter(
    ({ type }) => type === 'rollout' || type === 'rollback' || type === 'confirm-promotion',
  );
  return asked.reduce((sum, { timeoutMs }) => sum + timeoutMs, intervalMs);
}
