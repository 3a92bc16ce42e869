// One look of the guard at every promise of an engine in its namespace. It decides by what it has seen itself, takes a
// promise that is broken, and puts the route back. A route stays watched after that: an engine that was only stopped in
// the middle of an action may still finish it.
import type { Logger } from 'pino';
import { isBroken, watchPromise, type WatchedPromise } from '@sluice/pipelines/rollout/guard-watch';
import { isAllOld } from '@sluice/pipelines/rollout/traffic';
import { DeployProblem, messageOf } from '../deploy/deploy-problem.ts';
import { leaseKind, readRolloutLease, type RolloutLease } from '../deploy/kubernetes/guard/rollout-lease.ts';
import type { KubeClient } from '../deploy/kubernetes/kube-client.ts';
import type { KubeObject } from '../deploy/kubernetes/kube-objects.ts';
import { mark, note } from '../deploy/kubernetes/marks.ts';
import { openRouter } from '../deploy/kubernetes/traffic/choose-router.ts';
import { pairOf } from '../deploy/kubernetes/traffic/service-pair.ts';
import type { TrafficRouter } from '../deploy/kubernetes/traffic/traffic-router.ts';

/** By name of the Lease, what was seen of it so far. */
export type WatchedPromises = ReadonlyMap<string, WatchedPromise>;

export interface GuardLook {
  readonly client: KubeClient;
  /** Milliseconds on a clock that nobody sets. */
  readonly now: number;
  readonly longestGapMs: number;
  /** For people alone. */
  readonly wallClock: () => number;
  readonly log: Logger;
}

/**
 * Rejects only when the promises cannot be listed; then nothing has been seen. What one of them makes impossible is
 * noted on it and does not touch the others.
 */
export async function guardRollouts(look: GuardLook, before: WatchedPromises): Promise<WatchedPromises> {
  const objects = await look.client.list(leaseKind, { [mark.guard]: 'rollout' });
  const seen = objects.flatMap((object) => {
    const lease = readRolloutLease(object);
    if (lease === null) return [];
    const watched = watchPromise(before.get(lease.name) ?? null, lease.renewal, look.now, look.longestGapMs);
    return [{ object, lease, watched }];
  });
  await Promise.all(
    seen.map(({ object, lease, watched }) => {
      const silentMs = isBroken(watched, lease.holdsMs) ? watched.silentMs : null;
      return guardOne(look, object, lease, silentMs);
    }),
  );
  return new Map(seen.map(({ lease, watched }) => [lease.name, watched]));
}

/** `silentMs`: for how long, if that is too long. */
async function guardOne(
  look: GuardLook,
  object: KubeObject,
  lease: RolloutLease,
  silentMs: number | null,
): Promise<void> {
  const { client, log } = look;
  const about = { lease: lease.name, version: lease.release.version };
  const router = openRouter(client, lease.provider, { ...lease.release, image: '' });
  try {
    if (lease.guard !== watching) {
      await checkRights(client, router, lease);
      log.info({ ...about, holdsMs: lease.holdsMs }, `watching ${router.object}`);
    }
    if (lease.silentSeconds !== null || silentMs !== null)
      await standIn(look, object, lease, router, silentMs);
    await say(client, object, lease.guard, watching);
  } catch (error) {
    if (isGone(error)) return;
    const problem = `the guard cannot put ${router.object} back: ${messageOf(error)}`;
    if (lease.guard !== problem) log.error({ ...about, err: error }, problem);
    await say(client, object, lease.guard, problem).catch(() => {});
  }
}

const watching = 'watching';

/** Whether it could do what may be asked of it. */
async function checkRights(client: KubeClient, router: TrafficRouter, lease: RolloutLease): Promise<void> {
  await router.read(pairOf(lease.service));
  await client.readyAddresses(lease.service);
}

async function say(
  client: KubeClient,
  object: KubeObject,
  before: string | null,
  text: string,
): Promise<void> {
  if (before === text) return;
  await client.mergeInto(object, { metadata: { annotations: { [note.guard]: text } } });
}

/** For an engine that is silent, as long as there is something to give back. */
async function standIn(
  look: GuardLook,
  object: KubeObject,
  lease: RolloutLease,
  router: TrafficRouter,
  silentMs: number | null,
): Promise<void> {
  const isTaken = lease.silentSeconds !== null;
  const { traffic } = await router.read(pairOf(lease.service));
  if (isAllOld(traffic) && (!isTaken || lease.restored !== null)) return;
  await checkOldReady(look.client, lease);
  if (!isTaken && !(await take(look.client, object, lease, silentMs ?? 0))) return;
  const silentSeconds = lease.silentSeconds ?? Math.round((silentMs ?? 0) / 1_000);
  look.log.warn({ lease: lease.name, traffic, silentSeconds }, `giving ${router.object} back`);
  await giveBack(look, object, lease, router);
}

/** Traffic never goes to a side that cannot take it: half of its pods, as where the engine gives it back itself. */
async function checkOldReady(client: KubeClient, { service, replicas }: RolloutLease): Promise<void> {
  const ready = await client.readyAddresses(service);
  if (2 * ready >= replicas && ready > 0) return;
  const problem = `only ${ready} of ${replicas} pods of the old version are ready behind Service ${service}`;
  throw new DeployProblem('old-not-ready', problem, { retryable: true });
}

/** False: the engine was faster, or the rollout has ended. */
async function take(
  client: KubeClient,
  object: KubeObject,
  { resourceVersion }: RolloutLease,
  silentMs: number,
): Promise<boolean> {
  const annotations = { [note.silence]: String(Math.round(silentMs / 1_000)) };
  try {
    await client.mergeInto(object, { metadata: { resourceVersion, annotations } });
    return true;
  } catch (error) {
    if (isGone(error) || (error instanceof DeployProblem && error.reason === 'conflict')) return false;
    throw error;
  }
}

/** Done is what is read back; until then it is tried again at every look. */
async function giveBack(
  { client, log, wallClock }: GuardLook,
  object: KubeObject,
  { name, service }: RolloutLease,
  router: TrafficRouter,
): Promise<void> {
  const pair = pairOf(service);
  await router.restore(pair);
  const { traffic, unsettled } = await router.read(pair);
  if (!isAllOld(traffic) || unsettled !== null) {
    log.warn({ lease: name, traffic, unsettled }, `${router.object} is not back yet`);
    return;
  }
  const at = new Date(wallClock()).toISOString();
  const what = `${router.object} sends everything to Service ${service} again, since ${at}`;
  log.warn({ lease: name }, what);
  await client.mergeInto(object, { metadata: { annotations: { [note.restored]: what } } });
}

/** The rollout has ended, and its Lease with it. */
const isGone = (error: unknown): boolean =>
  error instanceof DeployProblem && error.reason === 'namespace-missing';
