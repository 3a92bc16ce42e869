import type { RouterAbilities, TargetFacts, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { OpenWorkload } from './open-workload.ts';
import type { ShiftStep } from './shift-traffic.ts';
import type { Release } from './workload.ts';

/**
 * How traffic is shared between the two Deployments of a workload. Every call is one step of what an action does, on
 * the workload as it is now; the action repeats it for as long as it makes progress by itself.
 */
export interface TrafficWay {
  readonly can: RouterAbilities;
  readonly factsOf: (workload: OpenWorkload) => Promise<TargetFacts>;
  /** Both Deployments are there. */
  readonly shift: (workload: OpenWorkload, traffic: Traffic) => Promise<ShiftStep>;
  /** Rejects where what was given is written down but not in effect, and says why. */
  readonly checkInEffect: () => Promise<void>;
  /** Lets in what has been replaced or started since traffic was shared. */
  readonly keep: (workload: OpenWorkload) => Promise<void>;
  readonly promote: (workload: OpenWorkload) => Promise<ShiftStep>;
  /** The first step is the one after which there is no way back. */
  readonly retire: (workload: OpenWorkload) => Promise<ShiftStep>;
  readonly giveBack: (workload: OpenWorkload) => Promise<ShiftStep>;
}

export interface WayParts {
  readonly release: Release;
  readonly say: (line: string) => void;
  /** Share of the requests that may be chosen for the new version: it has pods for them. */
  readonly chosenPercent: number;
  /** Ends the action's short waits. */
  readonly signal: AbortSignal;
  /** Rolls the stable Deployment to the new version, with these annotations. */
  readonly rollStable: (before: OpenWorkload, notes: Readonly<Record<string, string>>) => Promise<void>;
  /** The traffic of this Service is back where it was: no guard has to look after it. */
  readonly forgetGuard: (service: string) => Promise<void>;
}
