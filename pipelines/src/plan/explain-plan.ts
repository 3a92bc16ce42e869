import { nextFirings } from '../cron/next-firing.ts';
import { parseCron } from '../cron/parse-cron.ts';
import { wallClock } from '../cron/time-zone.ts';
import type { PipelineDefinition } from '../language/definition.ts';
import type { Plan, PlanOutcome } from './plan.ts';

/** A plan as lines for a person: which stages run, in which order, and why. */
export function explainPlan(outcome: PlanOutcome): readonly string[] {
  if (outcome.kind === 'filtered')
    return ['Nothing runs:', ...outcome.reasons.map((reason) => `  ${reason}`)];
  const { plan } = outcome;
  const included = plan.stages.filter((stage) => stage.decision.included);
  const width = plan.stages.reduce((widest, stage) => Math.max(widest, stage.id.length), 0);
  return [
    `${plan.pipeline}: ${included.length} of ${plan.stages.length} stages run for ${describeTrigger(plan)}`,
    ...plan.stages.map((stage) => {
      const sign = stage.decision.included ? '+' : '-';
      return `  ${sign} ${stage.id.padEnd(width)}  ${stage.work.kind.padEnd(7)}  ${stage.decision.reasons.join('; ')}`;
    }),
  ];
}

/** When each schedule of a pipeline fires next, three times, by its own clock. */
export function explainSchedules({ on }: PipelineDefinition, now: number): readonly string[] {
  return (on.schedule ?? []).map(({ cron, timezone }) => {
    const parsed = parseCron(cron);
    const next = parsed.ok ? nextFirings(parsed.value, timezone, now, 3) : [];
    return `schedule "${cron}" fires at ${next.map((at) => wallClock(timezone, at)).join(', ')} (${timezone})`;
  });
}

function describeTrigger({ trigger }: Plan): string {
  switch (trigger.event) {
    case 'push':
      return `a push to branch "${trigger.branch}"`;
    case 'tag':
      return `tag "${trigger.tag}"`;
    case 'pull_request':
      return `pull request #${trigger.number} into "${trigger.targetBranch}"`;
    case 'schedule':
      return `the schedule "${trigger.cron}" (${trigger.timezone}) on branch "${trigger.branch}"`;
    case 'manual':
      return `a manual start on branch "${trigger.branch}"`;
  }
}
