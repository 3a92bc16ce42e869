// The rollouts of single clusters, as the one that leads them asks for them.
import { err, ok, type Result } from '@sluice/pipelines/result';
import { startRollout } from '@sluice/pipelines/rollout/advance-rollout';
import type { ClusterNews } from '@sluice/pipelines/rollout/fleet/fleet-state';
import { workInCluster } from '@sluice/pipelines/rollout/fleet/instances';
import { saidBefore } from '@sluice/pipelines/rollout/fleet/steer-fleet';
import { restoringWork } from '@sluice/pipelines/rollout/restoring-work';
import type { RolloutSpec } from '@sluice/pipelines/rollout/rollout-state';
import { findEnvironment } from '../store/environment-store.ts';
import type { ClusterCommand } from '../store/outbox-store.ts';
import { releaseBefore } from '../store/release-store.ts';
import { findClusterRollout, insertRollout, lockRollout } from '../store/rollout-store.ts';
import { abortLockedRollout } from './abort-rollout.ts';
import { foldRollout, foldRolloutById, lockRolloutWithRun, type LockedRollout } from './fold-rollout.ts';
import { startedEvent } from './hear-freeze.ts';
import type { Unit } from './unit.ts';

type Start = Extract<ClusterCommand, { readonly kind: 'start-cluster' }>;
type Steer = Extract<ClusterCommand, { readonly kind: 'steer-cluster' }>;
type End = Exclude<ClusterCommand, Start | Steer>;

/** Makes the rollout of a cluster, unless it was made before or is not wanted any more. */
export async function startClusterRollout(unit: Unit, command: Start): Promise<void> {
  const leader = await lockRolloutWithRun(unit, command.rolloutId);
  if (leader?.stored.status !== 'active' || !isWanted(leader, command)) return;
  const { cluster, round } = command;
  const led = { parentId: leader.stored.id, cluster, round };
  if ((await findClusterRollout(unit.trx, led)) !== undefined) return;
  const spec = await specOf(unit, leader, command);
  if (!spec.ok) {
    await tell(unit, leader, command, { kind: 'returned', reason: spec.error });
    return;
  }
  const { run, stored } = leader;
  const id = unit.newId();
  await insertRollout(unit.trx, {
    id,
    runId: run.id,
    stage: stored.stage,
    attempt: stored.attempt,
    attemptId: stored.attempt_id,
    environment: stored.environment,
    status: 'active',
    state: startRollout(spec.value, unit.at),
    at: unit.at,
    led,
  });
  const made = await lockRollout(unit.trx, id);
  if (made === undefined) return;
  const isFree = round > 0 || stored.state.passesFreeze !== undefined;
  const started = isFree
    ? ({ kind: 'started', at: unit.at } as const)
    : await startedEvent(unit, run, stored.environment);
  // What puts something back never waits.
  const said = round > 0 ? [] : saidBefore(stored.state, unit.at);
  await foldRollout(unit, { run, stored: made }, [started, ...said]);
}

/**
 * Tells the rollout of a cluster what a person has said of all; it knows itself whether that comes too late. One that is
 * not made yet hears how it stands when it is.
 */
export async function steerClusterRollout(unit: Unit, command: Steer): Promise<void> {
  const leader = await lockRolloutWithRun(unit, command.rolloutId);
  if (leader?.stored.status !== 'active') return;
  const { cluster, round, wish, word, by, reason } = command;
  const found = await findClusterRollout(unit.trx, { parentId: leader.stored.id, cluster, round });
  const stored = found === undefined ? undefined : await lockRollout(unit.trx, found.id);
  if (stored === undefined) return;
  const event = { kind: `${wish}-requested`, by, reason, at: unit.at, word } as const;
  await foldRollout(unit, { run: leader.run, stored }, [event]);
}

/** Rolls the rollout of a cluster back, or leaves it where its roll-back is blocked; one that never began has ended. */
export async function endClusterRollout(unit: Unit, command: End): Promise<void> {
  const leader = await lockRolloutWithRun(unit, command.rolloutId);
  if (leader?.stored.status !== 'active') return;
  const { cluster, round, by, reason } = command;
  const found = await findClusterRollout(unit.trx, { parentId: leader.stored.id, cluster, round });
  if (found === undefined) {
    await tell(unit, leader, command, { kind: 'returned', reason });
    return;
  }
  if (command.kind === 'leave-cluster') {
    await foldRolloutById(unit, found.id, [{ kind: 'give-up-requested', by, reason, at: unit.at }]);
    return;
  }
  const stored = await lockRollout(unit.trx, found.id);
  if (stored !== undefined) await abortLockedRollout(unit, { run: leader.run, stored }, by, reason);
}

/** A cluster that was asked to return before its rollout was made never begins one. */
function isWanted({ stored }: LockedRollout, { cluster, round }: Start): boolean {
  const state = stored.state.fleet?.clusters[cluster];
  return state?.round === round && state.status === (round === 0 ? 'delivering' : 'returning');
}

async function specOf(
  unit: Unit,
  { stored }: LockedRollout,
  { cluster, round }: Start,
): Promise<Result<RolloutSpec, string>> {
  const environment = await findEnvironment(unit.trx, stored.environment);
  const known = environment?.target.kind === 'clusters' ? environment.target.clusters : [];
  const place = known.find(({ name }) => name === cluster);
  if (place === undefined) return err(`environment "${stored.environment}" has no such cluster any more`);
  const { waves: _, ...own } = stored.state.spec;
  const spec = {
    ...own,
    cluster,
    ...(place.instancesPercent === 100 ? {} : { instancesPercent: place.instancesPercent }),
  };
  if (round === 0) return ok({ ...spec, work: workInCluster(spec.work, place.instancesPercent) });
  const { environment: name } = stored;
  const before = await releaseBefore(unit.trx, { environment: name, cluster, parentId: stored.id });
  if (before === undefined) return err('the release to put back was removed');
  const { version, image, commit_sha: commit, work } = before;
  return ok({ ...spec, version, image, commit, work: restoringWork(work) });
}

async function tell(
  unit: Unit,
  leader: LockedRollout,
  { cluster, round }: ClusterCommand,
  news: ClusterNews,
): Promise<void> {
  await foldRollout(unit, leader, [{ kind: 'cluster-changed', cluster, round, news, at: unit.at }]);
}
