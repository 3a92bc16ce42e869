// The sequential count test behind every verdict. It may be looked at after every request without becoming less
// certain: the chance that a healthy version is EVER failed stays below α, however often one looks.
//
// Each bad event is a coin toss: it came from the canary (S of them) or from the baseline (F). With equal bad rates
// the canary gets its share w of the requests; with a rate m times the baseline's it gets
//     r = m·w / (1 − w + m·w)
// The evidence is the posterior odds of a Beta(1, 1/r − 1) mixture, whose mean is r, against the best-fitting value
// on the other side of r:
//     logE = lnB(1+S, 1/r−1+F) − lnB(1, 1/r−1) − max over the refuted θ of [S ln θ + F ln(1−θ)]
// A verdict needs logE ≥ ln(1/α) (Ville's inequality).
//
// Sources: Lindon & Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022, arXiv 2011.03567;
// Lindon, Sanden & Shirikian, KDD 2022, arXiv 2205.14762.
import { lnBeta } from './log-beta.ts';

/** M = 2m: a pass refutes "at least twice as bad as allowed". */
const passRatioFactor = 2;

export interface CountEvidence {
  /** ln of the evidence that the canary is worse than allowed. */
  readonly failLogE: number;
  /** ln of the evidence that it is not worse than the pass bound. */
  readonly passLogE: number;
}

/**
 * Old beside new. Fails against "at most `ratioAllowed` times as bad"; passes against "at least `passRatioFactor`
 * times that", since evidence for exactly the allowed ratio cannot exist.
 *
 * `canaryShare` is the observed share of requests, 0 < share < 1. `dispersion` (φ ≥ 1) is the variance of the
 * baseline's bad events per look over their mean: events that come in bursts of k weigh like one event.
 */
export function compareCounts(counts: {
  readonly canaryBad: number;
  readonly baselineBad: number;
  readonly canaryShare: number;
  readonly ratioAllowed: number;
  readonly dispersion: number;
}): CountEvidence {
  const bad = counts.canaryBad / counts.dispersion;
  const others = counts.baselineBad / counts.dispersion;
  const allowed = shareOfBad(counts.canaryShare, counts.ratioAllowed);
  const refuted = shareOfBad(counts.canaryShare, counts.ratioAllowed * passRatioFactor);
  return {
    failLogE: evidenceAbove(bad, others, allowed),
    passLogE: evidenceBelow(bad, others, refuted),
  };
}

/** The canary alone, against a bad rate 0 < `ceiling` < 1: the same test with good requests in the baseline's place. */
export function againstCeiling(counts: {
  readonly bad: number;
  readonly good: number;
  readonly ceiling: number;
  readonly dispersion: number;
}): CountEvidence {
  const bad = counts.bad / counts.dispersion;
  const good = counts.good / counts.dispersion;
  return {
    failLogE: evidenceAbove(bad, good, counts.ceiling),
    passLogE: evidenceBelow(bad, good, counts.ceiling),
  };
}

/** Fail has precedence: evidence for both sides at once means worse than allowed, but not twice as bad. */
export function decide(evidence: CountEvidence, threshold: number): 'fail' | 'pass' | 'need-more' {
  if (evidence.failLogE >= threshold) return 'fail';
  return evidence.passLogE >= threshold ? 'pass' : 'need-more';
}

/** The share of all bad events that falls to the canary when it is `ratio` times as bad as the baseline. */
export function shareOfBad(canaryShare: number, ratio: number): number {
  return (ratio * canaryShare) / (1 - canaryShare + ratio * canaryShare);
}

/** ln evidence that the canary's share of `bad + others` lies above `bound`: refutes every θ ≤ bound. */
export function evidenceAbove(bad: number, others: number, bound: number): number {
  const best = Math.min(observedShare(bad, others, 0), bound);
  return mixture(bad, others, bound) - logLikelihood(bad, others, best);
}

/** The mirror image: refutes every θ ≥ bound. */
export function evidenceBelow(bad: number, others: number, bound: number): number {
  const best = Math.max(observedShare(bad, others, 1), bound);
  return mixture(bad, others, bound) - logLikelihood(bad, others, best);
}

function mixture(bad: number, others: number, mean: number): number {
  const weight = 1 / mean - 1;
  return lnBeta(1 + bad, weight + others) - lnBeta(1, weight);
}

function observedShare(bad: number, others: number, whenNothing: number): number {
  return bad + others === 0 ? whenNothing : bad / (bad + others);
}

function logLikelihood(bad: number, others: number, share: number): number {
  const ofBad = bad === 0 ? 0 : bad * Math.log(share);
  const ofOthers = others === 0 ? 0 : others * Math.log1p(-share);
  return ofBad + ofOthers;
}
