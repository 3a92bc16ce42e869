// A host's clock may jump by hours while a stage runs. How much time has passed is therefore told by the clock that
// counts since the host was started; it goes on for a process that takes over.
import { readFileSync } from 'node:fs';

export interface Clock {
  /** Milliseconds since the epoch, as the host believes. */
  readonly now: () => number;
  readonly tick: () => Tick;
}

export interface Tick {
  /** Names the uptime in which ticks can be compared. */
  readonly uptime: string;
  /** Milliseconds; only grows. */
  readonly ms: number;
}

/** The time of one attempt: its start by the host's clock, and since then what has passed. */
export function attemptClock(
  clock: Clock,
  { startedAt, startedTick }: { readonly startedAt: number; readonly startedTick: Tick | null },
): () => number {
  const begin = clock.tick();
  const passedMs =
    startedTick?.uptime === begin.uptime ? begin.ms - startedTick.ms : Math.max(0, clock.now() - startedAt);
  return () => Math.round(startedAt + passedMs + clock.tick().ms - begin.ms);
}

/** Linux counts in one row for all processes; elsewhere each has its own, which is good enough for one process. */
export function hostClock(): Clock {
  const uptime = readUptimeName();
  return {
    now: Date.now,
    tick: () => ({ uptime, ms: Number(process.hrtime.bigint() / 1_000n) / 1_000 }),
  };
}

function readUptimeName(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `process ${process.pid} of ${Date.now()}`;
  }
}
