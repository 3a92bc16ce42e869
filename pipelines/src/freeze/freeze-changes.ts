// When an environment turns frozen and not frozen. A window is open from each firing of its cron on for its duration.
// Frozen: a `deny` window is open, or there are `allow` windows and none is open.
import { nextFiring } from '../cron/next-firing.ts';
import { parseCron, type Cron } from '../cron/parse-cron.ts';
import type { FreezeWindow } from './freeze-rules.ts';

export interface ReadWindow extends Omit<FreezeWindow, 'cron'> {
  readonly cron: Cron;
}

/** Throws when its schedule cannot be read, which `freezeRules` has made sure of. */
export function readWindow(window: FreezeWindow): ReadWindow {
  const cron = parseCron(window.cron);
  if (cron.ok) return { ...window, cron: cron.value };
  throw new Error(`the freeze window "${window.name}" has a broken schedule: ${cron.error}`);
}

/** It has fired in `(at - duration, at]`. */
export function isOpen({ cron, timezone, duration }: ReadWindow, at: number): boolean {
  const firing = nextFiring(cron, timezone, at - duration);
  return firing !== null && firing <= at;
}

/** So many openings are looked through; what needs more counts as having no end. */
const mostOpenings = 200;

/** The moments after `from` at which frozen turns to not frozen or back, in order; at the end, whether these are all. */
export function* freezeChanges(
  windows: readonly ReadWindow[],
  from: number,
): Generator<number, 'seen-all' | 'too-many'> {
  let lanes = windows.map((window) => ({ window, ...openingFrom(window, from) }));
  let was = isFrozenBy(lanes, from);
  for (let looked = 0; looked < mostOpenings; looked += 1) {
    const at = nextBoundary(lanes, from);
    if (at === Infinity) return 'seen-all';
    from = at;
    lanes = lanes.map((lane) => (at < lane.close ? lane : { ...lane, ...openingFrom(lane.window, at) }));
    const is = isFrozenBy(lanes, at);
    if (is !== was) yield at;
    was = is;
  }
  return 'too-many';
}

/** `[open, close)`. */
interface Opening {
  readonly open: number;
  readonly close: number;
}

interface Lane extends Opening {
  readonly window: ReadWindow;
}

const nextBoundary = (lanes: readonly Lane[], at: number): number =>
  Math.min(...lanes.map(({ open, close }) => (at < open ? open : close)));

function isFrozenBy(lanes: readonly Lane[], at: number): boolean {
  const isAnyOpen = (kind: FreezeWindow['kind']) =>
    lanes.some(({ window, open, close }) => window.kind === kind && open <= at && at < close);
  return isAnyOpen('deny') || (lanes.some(({ window }) => window.kind === 'allow') && !isAnyOpen('allow'));
}

/** The one that is open at `at`, or else the next; firings that come before the last one's end make it longer. */
function openingFrom({ cron, timezone, duration }: ReadWindow, at: number): Opening {
  const open = nextFiring(cron, timezone, at - duration) ?? Infinity;
  let firing = open;
  for (let looked = 0; firing !== Infinity && looked < mostOpenings; looked += 1) {
    const next = nextFiring(cron, timezone, firing) ?? Infinity;
    if (next > firing + duration) return { open, close: firing + duration };
    firing = next;
  }
  return { open, close: Infinity };
}
