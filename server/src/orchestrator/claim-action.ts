import type {
  ActionClaim,
  ActionClaimAnswer,
  ActionClaimRequest,
} from '@sluice/pipelines/protocol/worker-api';
import { registriesSecret, resolveEnv, secretNamesOf } from '@sluice/pipelines/plan/stage-secrets';
import { placeIn, type PlaceTarget } from '@sluice/pipelines/protocol/environment';
import { registryCredentials } from '@sluice/pipelines/protocol/make-claim';
import type { RolloutSpec } from '@sluice/pipelines/rollout/rollout-state';
import type { ServerContext } from '../context.ts';
import { findEnvironment } from '../store/environment-store.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { finishAction, holdAction, isEarlierActionHeld, lockAction } from '../store/rollout-action-store.ts';
import { findRollout, type StoredRollout } from '../store/rollout-store.ts';
import { findRun } from '../store/run-store.ts';
import { readSecrets } from '../store/secret-store.ts';
import { checkoutOf } from './checkout.ts';
import { foldRollout, lockRolloutWithRun } from './fold-rollout.ts';
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
    const locked = await lockRolloutWithRun(unit, request.rolloutId);
    const action = await lockAction(unit.trx, request.rolloutId, request.action);
    if (locked?.stored.status !== 'active' || action === undefined || action.status === 'done') return over;
    const isTaken = action.status === 'held' && (action.lease_until ?? 0) >= unit.at;
    if (isTaken && action.worker_id !== request.workerId) return held;
    if (await isEarlierActionHeld(unit.trx, request.rolloutId, request.action, unit.at)) return held;
    const { spec } = locked.stored.state;
    const { project } = locked.run;
    const { target } = supplies;
    const secrets = requireSecrets(project, namesOf(spec, target), supplies.secrets);
    if (!secrets.ok || target === null) {
      const problem = secrets.ok ? removedCluster(locked.stored) : missingSecret(secrets.error);
      const result = { result: 'failed', ...problem, retryable: false } as const;
      await finishAction(unit.trx, action, result, unit.at);
      await foldRollout(unit, locked, [
        { kind: 'action-finished', action: action.number, result, at: unit.at },
      ]);
      return over;
    }
    const fence = await holdAction(unit.trx, action, request.workerId, unit.at + leaseMs);
    const claim: ActionClaim = {
      rolloutId: request.rolloutId,
      action: request.action,
      fence,
      installation: context.installation,
      project,
      what: action.what,
      spec,
      checkout: checkoutOf(locked.run, supplies.repository, spec.commit),
      ...suppliesFor(spec, target, supplies),
    };
    return { kind: 'claimed', claim };
  });
}

const missingSecret = (message: string) => ({ reason: 'secret-missing', message });

const removedCluster = ({ cluster, environment }: StoredRollout) => ({
  reason: 'cluster-removed',
  message: `environment "${environment}" has no cluster "${cluster ?? ''}" any more: add it again, or give it up`,
});

interface Supplies {
  /** Null: its cluster is not in the environment any more. */
  readonly target: PlaceTarget | null;
  readonly repository: Repository | null;
  readonly secrets: Readonly<Record<string, string>>;
}

async function collectSupplies(context: ServerContext, rolloutId: string): Promise<Supplies | null> {
  const rollout = await findRollout(context.db, rolloutId);
  if (rollout === undefined) return null;
  const run = await findRun(context.db, rollout.run_id);
  const environment = await findEnvironment(context.db, rollout.environment);
  if (run === null || environment === null) return null;
  const target = placeIn(environment.target, rollout.cluster);
  const names = [...namesOf(rollout.state.spec, target), registriesSecret];
  const [repository, secrets] = await Promise.all([
    findRepository(context, run.repositoryId),
    readSecrets(context, run.project, names),
  ]);
  return { target, repository, secrets };
}

function namesOf(spec: RolloutSpec, target: PlaceTarget | null): readonly string[] {
  const names = secretNamesOf({}, spec.work);
  const kubeconfig = target?.kind === 'kubernetes' ? target.kubeconfigSecret : null;
  return kubeconfig === null ? names : [...names, kubeconfig];
}

function suppliesFor(
  spec: RolloutSpec,
  target: PlaceTarget,
  { secrets }: Pick<Supplies, 'secrets'>,
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
