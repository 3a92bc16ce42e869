import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import type { ActionResult, RolloutAction, TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { askedTraffic } from '@sluice/pipelines/rollout/traffic';
import { unreachable } from '@sluice/pipelines/result';
import { createMask, type Mask } from '../logs/mask.ts';
import { callHook, type HookParts } from './call-hook.ts';
import { DeployProblem } from './deploy-problem.ts';
import type { ActionContext, DeployTarget } from './deploy-target.ts';
import { dockerTarget, type DockerParts } from './docker/docker-target.ts';
import type { KubernetesParts } from './kubernetes/kubernetes-target.ts';
import { connectionProblem } from './connection-problem.ts';
import { requireImage } from './require-image.ts';

export interface DeployParts extends DockerParts, KubernetesParts, HookParts {}

export interface PerformedAction {
  readonly result: ActionResult;
  /** What was done, for the stage's log; secrets are masked. */
  readonly lines: readonly string[];
}

/**
 * Does exactly one action of a rollout and reads the target back. Never waits for readiness and never rejects for
 * what a target may do: refusals, unreachable targets and an aborted `signal` are failed results.
 */
export async function performAction(
  claim: ActionClaim,
  parts: DeployParts,
  signal: AbortSignal,
): Promise<PerformedAction> {
  const mask = createMask(Object.fromEntries(claim.secrets.map((secret, index) => [String(index), secret])));
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(mask.redact(line));
  const result = await attempt(claim, parts, { say, signal });
  return { result: masked(result, mask), lines };
}

async function attempt(
  claim: ActionClaim,
  parts: DeployParts,
  context: ActionContext,
): Promise<ActionResult> {
  try {
    if (claim.what.kind === 'call-hook') return await callHook(claim, claim.what.hook, parts, context.signal);
    if (claim.what.kind === 'inspect' && claim.target.kind === 'kubernetes')
      await requireImage(claim.spec.image, claim.registryCredentials, context.signal);
    return await act(claim.what, await chooseTarget(claim, parts, context));
  } catch (error) {
    const problem = context.signal.aborted ? timedOut(claim, error) : asProblem(error);
    if (problem === null) throw error;
    const { reason, message, retryable } = problem;
    return { result: 'failed', reason, message, retryable };
  }
}

/** A target that needs much code is loaded when the first action for it comes: workers start sooner. */
async function chooseTarget(
  claim: ActionClaim,
  parts: DeployParts,
  context: ActionContext,
): Promise<DeployTarget> {
  const { target } = claim;
  switch (target.kind) {
    case 'docker':
      return dockerTarget(claim, target, parts, context);
    case 'kubernetes': {
      const { kubernetesTarget } = await import('./kubernetes/kubernetes-target.ts');
      return kubernetesTarget(claim, target, parts, context);
    }
    default:
      return unreachable(target);
  }
}

async function act(
  what: Exclude<RolloutAction, { kind: 'call-hook' }>,
  target: DeployTarget,
): Promise<ActionResult> {
  switch (what.kind) {
    case 'inspect':
      return done(await target.inspect());
    case 'stop-old':
      return done(await target.stopOld());
    case 'deploy':
      return done(await target.deploy());
    case 'set-weight':
      return done(await target.setTraffic(askedTraffic(what)));
    case 'observe':
      return { result: 'done', ...(await target.observe({ history: what.history ?? false })) };
    case 'promote':
      return done(await target.promote());
    case 'retire-old':
      return done(await target.retireOld());
    case 'roll-back':
      return done(await target.rollBack());
    default:
      return unreachable(what);
  }
}

const done = (facts: TargetFacts): ActionResult => ({ result: 'done', facts, observation: null });

function asProblem(error: unknown): DeployProblem | null {
  return error instanceof DeployProblem ? error : connectionProblem(error);
}

function timedOut({ what }: ActionClaim, cause: unknown): DeployProblem {
  return new DeployProblem(
    'timed-out',
    `The action ${what.kind} was given up because it took too long; it goes on where it stopped when it is tried again.`,
    { retryable: true, cause },
  );
}

function masked(result: ActionResult, mask: Mask): ActionResult {
  if (result.result !== 'done') return { ...result, message: mask.redact(result.message) };
  const { stable, canary } = result.facts;
  const side = (facts: TargetFacts['stable']): TargetFacts['stable'] =>
    facts === null || facts.problem === null ? facts : { ...facts, problem: mask.redact(facts.problem) };
  const observation = result.observation === null ? null : maskedObservation(result.observation, mask);
  return { ...result, facts: { ...result.facts, stable: side(stable), canary: side(canary) }, observation };
}

function maskedObservation(
  observation: NonNullable<Extract<ActionResult, { result: 'done' }>['observation']>,
  mask: Mask,
): typeof observation {
  const metrics = Object.entries(observation.metrics).map(([name, metric]) => [
    name,
    metric.kind === 'error' ? { ...metric, message: mask.redact(metric.message) } : metric,
  ]);
  return { ...observation, metrics: Object.fromEntries(metrics) };
}
