// Whether a thing that stands on an engine (a container, a pod, a folder …) is still somebody's. Whoever asks has
// listed it by its labels, and was told by the server how its attempt stands.
//
//   standing      within the patience    after it
//   open, kept    keep                   keep        (whatever fence the thing carries: adoption raises it)
//   over          wait                   remove      (counted from the attempt's end, by the server's clock)
//   unknown       wait                   remove      (counted from the thing's birth, by the engine's own clock)
//
// What another installation has made, and what this process has under way, is kept without asking how it stands.
import { unreachable } from '../result.ts';

/** How an attempt stands at the server. */
export type AttemptStanding =
  /** It waits, or a worker has it, or its pod is offered to another one. */
  | { readonly kind: 'open'; readonly attemptId: string }
  /** It failed, and stays for a person's shell. */
  | { readonly kind: 'kept'; readonly attemptId: string }
  /** Nobody may go on with it, since so many milliseconds; what was kept of it counts as part of it. */
  | { readonly kind: 'over'; readonly attemptId: string; readonly forMs: number }
  /** The server has no such attempt. */
  | { readonly kind: 'unknown' };

export interface StandingThing {
  /** The installation whose label it carries; null: it carries none. */
  readonly installation: string | null;
  /** Since it was made, in milliseconds. */
  readonly ageMs: number;
  /** It belongs to a deployed service, whatever else its image has labelled it with. */
  readonly isDeployed: boolean;
}

export interface OrphanRule {
  /** Of the server that was asked. */
  readonly installation: string;
  /** Attempts (ids) that the asking process itself has under way. */
  readonly underWay: { readonly has: (attemptId: string) => boolean };
  /** How long an ended attempt's worker has for its own clean-up. */
  readonly overMs: number;
  /** How old a thing must be whose attempt the server does not know. */
  readonly unknownMs: number;
}

export const defaultPatience = { overMs: 60_000, unknownMs: 600_000 } as const;

export type Fate =
  | { readonly kind: 'keep' }
  | { readonly kind: 'wait' }
  /** It is an orphan. `reason`: for people. */
  | { readonly kind: 'remove'; readonly reason: string };

export function decideOrphan(thing: StandingThing, standing: AttemptStanding, rule: OrphanRule): Fate {
  if (thing.isDeployed || thing.installation !== rule.installation) return keep;
  switch (standing.kind) {
    case 'open':
    case 'kept':
      return keep;
    case 'over':
      if (rule.underWay.has(standing.attemptId)) return keep;
      return standing.forMs > rule.overMs
        ? remove(`its attempt has been over for ${spell(standing.forMs)} and nobody had removed it`)
        : wait;
    case 'unknown':
      return thing.ageMs > rule.unknownMs
        ? remove(`it is ${spell(thing.ageMs)} old and the server knows no attempt that it could belong to`)
        : wait;
    default:
      return unreachable(standing);
  }
}

const keep = { kind: 'keep' } as const;
const wait = { kind: 'wait' } as const;
const remove = (reason: string): Fate => ({ kind: 'remove', reason });

function spell(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
