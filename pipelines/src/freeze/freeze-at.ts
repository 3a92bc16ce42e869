// Whether an environment is frozen at a moment, and until when; windows that touch or overlap make one freeze.
import { freezeChanges, isOpen, readWindow, type ReadWindow } from './freeze-changes.ts';
import type { FreezeRules } from './freeze-rules.ts';

export interface Freeze {
  /** Null: it has been longer than can be told. */
  readonly since: number | null;
  /** The first moment at which it is not frozen any more; null: no end is in sight. */
  readonly until: number | null;
  /** The `deny` window that is open; null: it is outside of every `allow` window. */
  readonly window: string | null;
  /** In the words of who made the window; of several open ones, that of the first. */
  readonly reason: string;
  /** Of that window. */
  readonly timezone: string;
}

/** Null: not frozen. */
export function freezeAt(rules: FreezeRules, at: number): Freeze | null {
  const windows = rules.windows.map(readWindow);
  const why = whyFrozen(windows, at);
  if (why === null) return null;
  const [until] = freezeChanges(windows, at);
  return { ...why, since: sinceOf(windows, at), until: until ?? null };
}

/** Cheaper than `freezeAt`, for whoever asks often. */
export function isFrozen(rules: FreezeRules, at: number): boolean {
  return whyFrozen(rules.windows.map(readWindow), at) !== null;
}

/** The freeze that comes next: after the present one, where there is one. Null: none is in sight. */
export function nextFreeze(rules: FreezeRules, at: number): Freeze | null {
  const windows = rules.windows.map(readWindow);
  const changes = freezeChanges(windows, at);
  if (whyFrozen(windows, at) !== null) changes.next();
  const begin = changes.next();
  return begin.done === true ? null : freezeAt(rules, begin.value);
}

function whyFrozen(
  windows: readonly ReadWindow[],
  at: number,
): Pick<Freeze, 'window' | 'reason' | 'timezone'> | null {
  const denying = windows.find((window) => window.kind === 'deny' && isOpen(window, at));
  if (denying !== undefined) {
    return { window: denying.name, reason: denying.reason, timezone: denying.timezone };
  }
  const allowing = windows.filter((window) => window.kind === 'allow');
  const [first] = allowing;
  if (first === undefined || allowing.some((window) => isOpen(window, at))) return null;
  return { window: null, reason: first.reason, timezone: first.timezone };
}

const dayMs = 86_400_000;
/** So far back the beginning of a freeze is looked for, step by step. */
const spansMs = [dayMs, 8 * dayMs, 63 * dayMs, 400 * dayMs];

/** The beginning of the time up to `at` in which it was all frozen. */
function sinceOf(windows: readonly ReadWindow[], at: number): number | null {
  for (const span of spansMs) {
    const last = lastChange(windows, at - span, at);
    if (last !== null) return last === 'too-many' ? null : last;
  }
  return null;
}

function lastChange(windows: readonly ReadWindow[], from: number, at: number): number | 'too-many' | null {
  const changes = freezeChanges(windows, from);
  for (let last: number | null = null; ;) {
    const next = changes.next();
    if (next.done === true) return next.value === 'seen-all' ? last : 'too-many';
    if (next.value > at) return last;
    last = next.value;
  }
}
