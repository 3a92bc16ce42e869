// One rollout under real load, and what of it has to be seen.
import type { RolloutView } from '@sluice/pipelines/protocol/api';

export interface Behaviour {
  /** Share of its answers that are errors, 0 to 1. */
  readonly errorRate: number;
  /** Median time to answer. */
  readonly medianMs: number;
}

export interface Trial {
  readonly strategy: string;
  /** Lines of the `deploy` key that this strategy needs; null: the steps of a canary. */
  readonly keys: readonly string[] | null;
  /** What the new version is like, in words. */
  readonly version: string;
  readonly behaviour: Behaviour;
  readonly ends: 'succeeded' | 'rolled-back';
  /** At least so many requests between the rollout's begin and its end. */
  readonly fewestRequests: number;
  /** Users may be without an answer while it lasts. */
  readonly hasOutage: boolean;
}

export interface TrialOutcome {
  readonly trial: Trial;
  /** In which the rollout ended. */
  readonly phase: string;
  /** Of all users, from its begin to its end. */
  readonly requests: number;
  readonly failed: number;
  /** Of `failed`, those without an answer. */
  readonly unanswered: number;
  readonly tookMs: number;
  /** Of a bad version: from the first look that showed it to be bad to its last answer to a user. */
  readonly badForMs: number | null;
  /** The part of it that passed until it was decided to go back. */
  readonly evidenceMs: number | null;
  /** Users that the new version answered. */
  readonly newAnswers: number;
  /** Its decisions, made again from the stored evidence, are the same, byte for byte. */
  readonly isReplayed: boolean;
  /** Why it went back. */
  readonly why: string | null;
  /** What is not as it has to be. */
  readonly problems: readonly string[];
}

/** A good release may fail so many of its users. */
export const mostFailedShare = 0.0001;

/** What of a trial is not as it has to be; none: it is right. */
export function problemsOf(outcome: Omit<TrialOutcome, 'problems'>): readonly string[] {
  const { trial, phase, requests, failed, unanswered, isReplayed } = outcome;
  const problems: string[] = [];
  if (phase !== trial.ends) problems.push(`ended as ${phase}, not as ${trial.ends}: ${outcome.why ?? ''}`);
  if (requests < trial.fewestRequests)
    problems.push(`${requests} requests, fewer than ${trial.fewestRequests}`);
  if (!isReplayed) problems.push('its replay gives other decisions');
  if (trial.hasOutage) return problems;
  if (trial.ends === 'succeeded' && failed > requests * mostFailedShare)
    problems.push(`${failed} of ${requests} requests failed, more than ${mostFailedShare * 100} %`);
  // Errors are what a bad version answers; that somebody has no answer is the rollout's fault.
  if (unanswered > requests * mostFailedShare) problems.push(`${unanswered} requests had no answer`);
  return problems;
}

/**
 * When the new version was first seen to be bad: the first look that counted errors of it, else the first one that
 * counted any request (of a version whose answers are slow). Null: it had no request.
 */
export function firstBadAt({ history }: Pick<RolloutView, 'history'>): number | null {
  const looks = history.filter(({ canary }) => canary !== null && canary.requests > 0);
  return (looks.find(({ canary }) => canary !== null && canary.errors > 0) ?? looks[0])?.at ?? null;
}

/** When it was decided that the new version goes back; null: it was not. */
export function decidedAt({ decisions }: Pick<RolloutView, 'decisions'>): number | null {
  return decisions.find(({ kind }) => kind === 'roll-back')?.at ?? null;
}
