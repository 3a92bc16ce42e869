// From what was counted to one verdict. Fail has precedence over everything; what could not be measured never passes.
import { judgeMetric } from './judge-metric.ts';
import type { JudgeQuestion } from './judge-question.ts';
import type { MetricVerdict, Verdict } from './rollout-state.ts';

/** Named in every decision: a replay by another judge may differ, and says so. */
export const judgeVersion = 'gate/2';

/** Pure and total: the same evidence gives the same bytes. */
export function judge(question: JudgeQuestion): Verdict {
  const judged = Object.entries(question.metrics).map(([metric, spec]) => ({
    spec,
    verdict: judgeMetric({ ...question, metric, spec }),
  }));
  const deciding = judged.filter(({ spec }) => !spec.dryRun).map(({ verdict }) => verdict);
  const { kind, reason } = combine(deciding);
  return { kind, reason, at: question.latest.at, metrics: judged.map(({ verdict }) => verdict) };
}

function combine(deciding: readonly MetricVerdict[]): Pick<Verdict, 'kind' | 'reason'> {
  for (const kind of ['fail', 'error', 'no-data', 'need-more'] as const) {
    const found = deciding.filter((verdict) => verdict.kind === kind);
    if (found.length > 0) return { kind, reason: sentence(found) };
  }
  if (deciding.length === 0) {
    return { kind: 'need-more', reason: 'every metric is a dry run, so none of them can decide' };
  }
  return { kind: 'pass', reason: sentence(deciding) };
}

function sentence(verdicts: readonly MetricVerdict[]): string {
  return verdicts.map((verdict) => verdict.reason).join('; ');
}
