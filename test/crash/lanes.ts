// Installations side by side, each with everything of its own, that take journeys from one queue. A lane keeps its
// installation while there are journeys for its platform, and then starts one of the other kind.
import { startInstallation, type Installation } from './installation.ts';
import type { Outcome } from './journey.ts';
import { sayOutcome, travelGroup, type Group } from './travel-all.ts';

export interface Lanes extends AsyncDisposable {
  /** Resolves when all journeys have ended; rejects when an installation cannot be started. */
  readonly ended: Promise<void>;
}

interface Mine {
  readonly kind: Group['platform'];
  readonly started: Promise<Installation>;
}

/** `outcomes` grows as they come. After dispose nothing is added any more, and nothing of any installation is left. */
export function openLanes(
  groups: readonly Group[],
  count: number,
  say: (line: string) => void,
  outcomes: Outcome[],
): Lanes {
  const queue = [...groups];
  const open = new Set<Promise<Installation>>();
  let isClosed = false;
  let starting: Promise<unknown> = Promise.resolve();

  const take = (kind: Group['platform'] | null): Group | undefined => {
    const place = queue.findIndex(({ platform }) => platform === kind);
    return queue.splice(Math.max(0, place), 1)[0];
  };
  /** One after the other: free ports are chosen at the start. */
  const start = (kind: Group['platform']): Promise<Installation> => {
    const started = starting.then(() => startInstallation(kind));
    starting = started.catch(() => undefined);
    open.add(started);
    return started;
  };
  const end = async (started: Promise<Installation>): Promise<void> => {
    open.delete(started);
    await (await started)[Symbol.asyncDispose]();
  };
  const fitting = async (mine: Mine | null, kind: Mine['kind'], sayHere: typeof say): Promise<Mine> => {
    if (mine?.kind === kind) return mine;
    if (mine !== null) await end(mine.started);
    const next = { kind, started: start(kind) };
    sayHere(`installation in ${(await next.started).folder}`);
    return next;
  };
  const drive = async (lane: number): Promise<void> => {
    const sayHere = count === 1 ? say : (line: string): void => say(`${lane}  ${line}`);
    let mine: Mine | null = null;
    for (let group = take(null); group !== undefined && !isClosed; group = take(group.platform)) {
      mine = await fitting(mine, group.platform, sayHere);
      await travelGroup(await mine.started, group, sayHere, (outcome) => {
        // What an interrupted journey was in the middle of goes wrong because we end it: it is no outcome.
        if (isClosed) return;
        outcomes.push(outcome);
        sayOutcome(outcome, sayHere);
      });
    }
    if (mine !== null && !isClosed) await end(mine.started);
  };
  const unlessClosed = (error: unknown): void => {
    if (!isClosed) throw error;
  };
  return {
    ended: Promise.all(Array.from({ length: count }, (_, lane) => drive(lane + 1).catch(unlessClosed))).then(
      () => undefined,
    ),
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      await Promise.allSettled([...open].map(end));
    },
  };
}
