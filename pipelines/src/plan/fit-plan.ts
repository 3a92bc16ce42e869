// A plan where there is no server: what cannot be done is left out with a reason, what can only be done otherwise is
// changed and said.
import type { Plan, PlannedStage } from './plan.ts';

/** What the place in which a plan is carried out has. */
export interface LocalPlace {
  /** Stages with an image may run in it. */
  readonly docker: boolean;
  /** Stages without an image may run on the machine itself; those with one too, without it, where there is no Docker. */
  readonly process: boolean;
  /** There is a scanner of images; else the reason why there is none. */
  readonly scanner: true | string;
  /** Somebody is there who can be asked; else the reason. */
  readonly person: true | string;
}

export interface FittedPlan {
  readonly plan: Plan;
  /** For people: what is otherwise than on a server, a line each. */
  readonly changes: readonly string[];
  /** Stages that may not run here at all, with what to do: nothing is to be begun. */
  readonly refusals: readonly string[];
}

export function fitPlan(plan: Plan, place: LocalPlace): FittedPlan {
  const fitted = plan.stages.map((stage) => fitStage(stage, place));
  return {
    plan: { ...plan, stages: fitted.map(({ stage }) => stage) },
    changes: fitted.flatMap(({ change }) => change ?? []),
    refusals: fitted.flatMap(({ refusal }) => refusal ?? []),
  };
}

interface Fitted {
  readonly stage: PlannedStage;
  readonly change?: string;
  readonly refusal?: string;
}

function fitStage(stage: PlannedStage, place: LocalPlace): Fitted {
  if (!stage.decision.included) return { stage };
  const { unexpanded } = stage;
  if (unexpanded !== undefined) {
    const { stage: each, ...said } = fitStage(unexpanded.each, place);
    const isLeftOut = !each.decision.included;
    return isLeftOut
      ? { stage: { ...stage, decision: each.decision } }
      : { ...said, stage: { ...stage, unexpanded: { ...unexpanded, each } } };
  }
  const { work } = stage;
  switch (work.kind) {
    case 'matrix':
    case 'use':
      return { stage };
    case 'push':
    case 'deploy':
      return leftOut(stage, `a ${work.kind} is not run here: it needs a server`);
    case 'build':
      return place.docker ? { stage } : leftOut(stage, 'a build is not run here: it needs Docker');
    case 'scan':
      if (!place.docker) return leftOut(stage, 'a scan is not run here: it needs Docker');
      return place.scanner === true ? { stage } : leftOut(stage, `a scan is not run here: ${place.scanner}`);
    case 'approve': {
      if (place.person !== true) return leftOut(stage, `an approval is not asked for here: ${place.person}`);
      const { count, by } = work.approval;
      const approval = { ...work.approval, count: 1, by: [] };
      const asked = [...(count > 1 ? [`${count} people`] : []), ...by].join(' of ');
      const change =
        asked === '' ? {} : { change: `${stage.id}: you are asked here; a server asks ${asked}` };
      return { stage: { ...stage, work: { ...work, approval } }, ...change };
    }
    case 'steps':
      return fitSteps(stage, place);
  }
}

function fitSteps(stage: PlannedStage, { docker, process }: LocalPlace): Fitted {
  const { work, id } = stage;
  if (work.kind !== 'steps') return { stage };
  if (work.image === null) {
    if (process) return { stage };
    const executors = docker ? 'docker,process' : 'process';
    const refusal =
      `stage "${id}" has no image, so its steps would run on this machine itself, with your rights: ` +
      `give it an image, or allow it with --executor ${executors}`;
    return { stage, refusal };
  }
  if (docker) return { stage };
  const { cpu, memoryBytes, pids } = work.resources;
  const isLimited = cpu !== null || memoryBytes !== null || pids !== null;
  const resources = { cpu: null, memoryBytes: null, pids: null };
  return {
    stage: { ...stage, work: { ...work, image: null, resources } },
    change: `${id}: runs on this machine, without its image ${work.image}${isLimited ? ' and its limits' : ''}`,
  };
}

const leftOut = (stage: PlannedStage, reason: string): Fitted => ({
  stage: { ...stage, decision: { included: false, reasons: [reason] } },
});
