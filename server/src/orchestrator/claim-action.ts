import type {
  ActionClaim,
  ActionClaimAnswer,
  ActionClaimRequest,
} from '@sluice/pipelines/protocol/worker-api';
import { registriesSecret, resolveEnv, secretNamesOf } from '@sluice/pipelines/plan/stage-secrets';
import { placeIn, type PlaceTarget } from '@sluice/pipelines/protocol/environment';
import { registryCredentials } from '@sluice/pipelines/protocol/make-claim';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RolloutSpec } from '@sluice/pipelines/rollout/rollout-state';
import type { ServerContext } from '../context.ts';
import { findEnvironment } from '../store/environment-store.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { finishAction, holdAction, isEarlierActionHeld, lockAction } from '../store/rollout-action-store.ts';
import { findRollout, type StoredRollout } from '../store/rollout-store.ts';
import { findRun } from '../store/run-store.ts';
import { readSecrets } from '../store/secret-store.ts';
import { checkoutOf } from './checkout.ts';
import { foldRollout, lockRolloutAlone, lockRolloutWithRun } from './fold-rollout.ts';
import { leaseMs } from './lease.ts';
import { requireSecrets } from './stage-secrets.ts';
import { inUnit } from './unit.ts';

const over = { kind: 'refused', reason: 'over' } as const;
const held = { kind: 'refused', reason: 'held' } as const;

/**
 * Gives an action of a rollout to one worker. Actions are idempotent, so a worker that comes back for its own
 * gets it again under a new fence. While an earlier action is under way, a later one is refused as held: two
 * actions never work on one target at the same time.
 */
export async function claimAction(
  context: ServerContext,
  request: ActionClaimRequest,
): Promise<ActionClaimAnswer> {
  const supplies = await collectSupplies(context, request.rolloutId);
  if (supplies === null) return over;
  return inUnit(context, async (unit): Promise<ActionClaimAnswer> => {
    const lock = supplies.ok ? lockRolloutAlone : lockRolloutWithRun;
    const locked = await lock(unit, request.rolloutId);
    const action = await lockAction(unit.trx, request.rolloutId, request.action);
    if (locked?.stored.status !== 'active' || action === undefined || action.status === 'done') return over;
    const isTaken = action.status === 'held' && (action.lease_until ?? 0) >= unit.at;
    if (isTaken && action.worker_id !== request.workerId) return held;
    if (await isEarlierActionHeld(unit.trx, request.rolloutId, request.action, unit.at)) return held;
    if (!supplies.ok) {
      const result = { result: 'failed', ...supplies.error, retryable: false } as const;
      await finishAction(unit.trx, action, result, unit.at);
      await foldRollout(unit, locked, [
        { kind: 'action-finished', action: action.number, result, at: unit.at },
      ]);
      return over;
    }
    const { spec } = locked.stored.state;
    const fence = await holdAction(unit.trx, action, request.workerId, unit.at + leaseMs);
    const claim: ActionClaim = {
      rolloutId: request.rolloutId,
      action: request.action,
      fence,
      installation: context.installation,
      project: locked.run.project,
      what: action.what,
      spec,
      checkout: checkoutOf(locked.run, supplies.value.repository, spec.commit),
      ...suppliesFor(spec, supplies.value),
    };
    return { kind: 'claimed', claim };
  });
}

interface Supplies {
  readonly target: PlaceTarget;
  readonly repository: Repository | null;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Why an action can be given to nobody, for its result. */
interface Missing {
  readonly reason: 'secret-missing' | 'cluster-removed';
  readonly message: string;
}

/** Null: there is no such rollout any more. */
async function collectSupplies(
  context: ServerContext,
  rolloutId: string,
): Promise<Result<Supplies, Missing> | null> {
  const rollout = await findRollout(context.db, rolloutId);
  if (rollout === undefined) return null;
  const run = await findRun(context.db, rollout.run_id);
  const environment = await findEnvironment(context.db, rollout.environment);
  if (run === null || environment === null) return null;
  const target = placeIn(environment.target, rollout.cluster);
  if (target === null) return err(removedCluster(rollout));
  const names = namesOf(rollout.state.spec, target);
  const [repository, secrets] = await Promise.all([
    findRepository(context, run.repositoryId),
    readSecrets(context, run.project, [...names, registriesSecret]),
  ]);
  const required = requireSecrets(run.project, names, secrets);
  if (!required.ok) return err({ reason: 'secret-missing', message: required.error });
  return ok({ target, repository, secrets });
}

const removedCluster = ({ cluster, environment }: StoredRollout): Missing => ({
  reason: 'cluster-removed',
  message: `environment "${environment}" has no cluster "${cluster ?? ''}" any more: add it again, or give it up`,
});

function namesOf(spec: RolloutSpec, target: PlaceTarget): readonly string[] {
  const names = secretNamesOf({}, spec.work);
  const kubeconfig = target.kind === 'kubernetes' ? target.kubeconfigSecret : null;
  return kubeconfig === null ? names : [...names, kubeconfig];
}

function suppliesFor(
  spec: RolloutSpec,
  { target, secrets }: Pick<Supplies, 'target' | 'secrets'>,
): Pick<ActionClaim, 'target' | 'containerEnv' | 'kubeconfig' | 'registryCredentials' | 'secrets'> {
  const kubeconfigSecret = target.kind === 'kubernetes' ? target.kubeconfigSecret : null;
  const credentials = registryCredentials(secrets);
  const values = secretNamesOf({}, spec.work).map((name) => secrets[name] ?? '');
  return {
    target,
    containerEnv: spec.work.container === null ? {} : resolveEnv(spec.work.container.env, secrets),
    kubeconfig: kubeconfigSecret === null ? null : (secrets[kubeconfigSecret] ?? null),
    registryCredentials: credentials,
    secrets: [...values, ...credentials.map((credential) => credential.password)].filter(
      (value) => value !== '',
    ),
  };
}
