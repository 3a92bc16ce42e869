// What the rules of a metric make of its looks, in the words and with the meaning of Argo Rollouts' AnalysisTemplate
// (utils/analysis and utils/evaluate in argoproj/argo-rollouts): a look that fails, passes, finds no data or cannot
// be taken is counted, one that needs more evidence is not. Unlike there, no data never counts as good.
import type { ResolvedRules } from './gate-metrics.ts';
import type { Measured } from './measured.ts';
import type { LookCounts, Verdict } from './rollout-state.ts';

export const noLooks: LookCounts = { passed: 0, failed: 0, withoutData: 0, errors: 0, at: 0 };

/** Adds a look, unless it comes sooner than the metric's `interval` after the one before. */
export function countLook(
  before: LookCounts,
  kind: Verdict['kind'],
  at: number,
  { intervalMs }: ResolvedRules,
): LookCounts {
  if (before.at > 0 && at < before.at + intervalMs * earliest) return before;
  const errors = kind === 'error' ? before.errors + 1 : 0;
  return {
    passed: before.passed + (kind === 'pass' ? 1 : 0),
    failed: before.failed + (kind === 'fail' ? 1 : 0),
    withoutData: before.withoutData + (kind === 'no-data' ? 1 : 0),
    errors,
    at,
  };
}

/**
 * - fail: this look failed, and more looks have than `failure_limit` lets pass; where it lets none pass, a fail is one
 *   also between two looks that count;
 * - pass: at least `count` looks have passed at this weight and this one can be read. A pass that was reached is kept,
 *   since its evidence holds at every later look; a later fail goes before it;
 * - error and no data stay what they are.
 */
export function ruleOn(
  { kind, reason }: Measured,
  { passed, failed }: LookCounts,
  { count, failureLimit }: ResolvedRules,
): Pick<Measured, 'kind' | 'reason'> {
  switch (kind) {
    case 'fail': {
      if (failureLimit === 0 || failed > failureLimit) return { kind, reason };
      return {
        kind: 'need-more',
        reason: `${reason}; failed look ${failed} of ${failureLimit} that are let pass`,
      };
    }
    case 'pass':
      return passed >= count
        ? { kind, reason }
        : { kind: 'need-more', reason: `${reason}; passed ${passed} of ${count} looks` };
    case 'need-more':
      return passed >= count && passed > 0
        ? { kind: 'pass', reason: `${reason}, but it has passed at this weight` }
        : { kind, reason };
    default:
      return { kind, reason };
  }
}

/** Why a person has to look at a metric now, before the step's time is over; null: nothing. */
export function whyMetricGivenUp(
  { withoutData, errors }: LookCounts,
  { inconclusiveLimit, consecutiveErrorLimit }: ResolvedRules,
): 'query-errors' | 'inconclusive' | null {
  if (errors > consecutiveErrorLimit) return 'query-errors';
  return withoutData > inconclusiveLimit ? 'inconclusive' : null;
}

/** Looks do not come to the millisecond. */
const earliest = 0.9;
