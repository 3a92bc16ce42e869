import type { AttemptView, RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { foreseeFailure } from '@sluice/pipelines/run/foresee-failure';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { RunState, StageState } from '@sluice/pipelines/run/run-state';
import { digest, id } from './fixture-ids.ts';
import { shopPlan } from './fixture-plans.ts';

export interface RunSketch {
  readonly number: number;
  readonly status: RunSummary['status'];
  readonly message: string;
  readonly author?: string;
  readonly ref?: string;
  readonly pipeline?: string;
  readonly createdAt: number;
  readonly tookMs: number | null;
  /** Shown states of stages, in the plan's order; the rest are `waiting`. */
  readonly stages: Readonly<Record<string, RunSummary['stages'][number]['status']>>;
  readonly plan?: Plan | null;
  readonly cancel?: RunState['cancel'];
  /** Replaces the state that is made up for a stage. */
  readonly states?: Readonly<Record<string, StageState>>;
  readonly attempts?: readonly AttemptView[];
  readonly rollouts?: RunView['rollouts'];
  readonly diagnostics?: RunView['diagnostics'];
  readonly rerunOf?: RunView['rerunOf'];
  readonly reruns?: RunView['reruns'];
}

export function aRun(sketch: RunSketch): RunView {
  const sha = digest(`commit ${sketch.number}`).slice(0, 40);
  const commit = { sha, message: sketch.message, author: sketch.author ?? 'Mei Lin' };
  const ref = sketch.ref ?? 'main';
  const repository = 'acme/shop';
  const trigger = {
    event: 'push',
    repository,
    actor: 'meilin',
    commit,
    branch: ref,
    changedFiles: null,
  } as const;
  const plan = sketch.plan === undefined ? shopPlan(trigger) : sketch.plan;
  const stages = (plan?.stages ?? []).map((stage) => ({
    id: stage.id,
    status: sketch.stages[stage.id] ?? (stage.decision.included ? 'waiting' : 'skipped'),
  }));
  const finishedAt = sketch.tookMs === null ? null : sketch.createdAt + sketch.tookMs;
  const state: RunState | null =
    plan === null
      ? null
      : {
          status:
            sketch.status === 'held' || sketch.status === 'awaiting-approval' ? 'running' : sketch.status,
          startedAt: sketch.createdAt,
          finishedAt,
          cancel: sketch.cancel ?? null,
          stages: Object.fromEntries(
            stages.map((stage, index) => [
              stage.id,
              sketch.states?.[stage.id] ?? stateOf(plan, stage.id, stage.status, sketch.createdAt, index),
            ]),
          ),
        };
  return {
    id: id('run', sketch.number),
    number: sketch.number,
    project: 'default',
    repository,
    pipeline: sketch.pipeline ?? 'shop',
    event: 'push',
    ref,
    commit,
    actor: 'meilin',
    status: sketch.status,
    createdAt: sketch.createdAt,
    finishedAt,
    willFail: plan === null || state === null ? null : foreseeFailure(plan, state),
    rerunOf: sketch.rerunOf ?? null,
    reruns: sketch.reruns ?? [],
    stages,
    revision: 1,
    plan,
    state,
    diagnostics: sketch.diagnostics ?? [],
    attempts: sketch.attempts ?? [],
    artifacts: [],
    rollouts: sketch.rollouts ?? [],
  };
}

export function summaryOf(run: RunView): RunSummary {
  const {
    revision: _r,
    plan: _p,
    state: _s,
    diagnostics: _d,
    attempts: _a,
    rollouts: _o,
    reruns: _n,
    ...summary
  } = run;
  return summary;
}

function stateOf(
  plan: Plan,
  stage: string,
  shown: RunSummary['stages'][number]['status'],
  createdAt: number,
  index: number,
): StageState {
  const planned = plan.stages.find((candidate) => candidate.id === stage);
  const names = planned?.work.kind === 'steps' ? planned.work.steps.map((step) => step.name) : [];
  const startedAt = createdAt + index * 21_000;
  const finishedAt = startedAt + 18_400 + index * 1_300;
  const done = names.map((name, n) => ({
    name,
    status: 'succeeded' as const,
    startedAt: startedAt + n * 6_000,
    finishedAt: startedAt + (n + 1) * 6_000,
    exitCode: 0,
  }));
  switch (shown) {
    case 'succeeded':
      return {
        status: 'succeeded',
        attempt: 1,
        startedAt,
        finishedAt,
        outputs: outputsOf(stage),
        steps: done,
        reason: null,
      };
    case 'failed':
    case 'rolled-back':
      return {
        status: 'failed',
        attempt: 1,
        startedAt,
        finishedAt,
        failure: {
          class: 'failed',
          message:
            shown === 'failed'
              ? `Step "${names.at(-1) ?? stage}" ended with exit code 1. Its last lines are in the log.`
              : 'The new version answered 5.3 % errors where the old one answers 0.09 %; all traffic is on r412-88c0d1e again.',
          exitCode: shown === 'failed' ? 1 : null,
        },
        steps: done.map((step, n) =>
          n === done.length - 1 ? { ...step, status: 'failed', exitCode: 1 } : step,
        ),
        allowed: false,
      };
    case 'running':
    case 'held':
    case 'rolling-back':
      return {
        status: 'running',
        attempt: 1,
        startedAt,
        worker: 'build-2',
        steps: names.map((name, n) => {
          if (n === 0 && names.length > 1) return done[0] ?? { name, status: 'waiting' };
          return n === 1 || names.length === 1
            ? { name, status: 'running', startedAt: startedAt + 6_000 }
            : { name, status: 'waiting' };
        }),
      };
    case 'awaiting-approval':
      return {
        status: 'awaiting-approval',
        attempt: 1,
        since: startedAt,
        expiresAt: startedAt + 7_200_000,
        votes: [],
      };
    case 'queued':
      return {
        status: 'queued',
        attempt: 1,
        since: startedAt,
        reason: 'all 2 workers of pool "default" are busy',
      };
    case 'retrying':
      return {
        status: 'retrying',
        attempt: 2,
        dueAt: createdAt + 3_600_000,
        reason: 'worker build-1 was lost; the policy retries worker-lost',
      };
    case 'skipped':
      return {
        status: 'skipped',
        finishedAt: startedAt,
        reason: planned?.decision.reasons.join('; ') || 'a stage that it needs failed: unit',
      };
    case 'cancelled':
      return {
        status: 'cancelled',
        finishedAt,
        reason: 'the run was cancelled by admin: superseded by #412',
        steps: [],
      };
    case 'waiting':
      return {
        status: 'waiting',
        reason: `needs ${planned?.needs.map((need) => need.stage).join(', ') ?? ''}`,
      };
  }
}

const outputsOf = (stage: string): Readonly<Record<string, string>> =>
  stage === 'push'
    ? { digest: `sha256:${digest('image')}`, image: `registry.example.com/shop@sha256:${digest('image')}` }
    : {};
