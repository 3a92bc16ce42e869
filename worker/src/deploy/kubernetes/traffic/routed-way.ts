// Traffic is shared by a router between two Services. The old version keeps all its pods until the new one is
// retired to: a roll-back is one change of the route, also after the promotion.
import { isAllOld, sameTraffic } from '@sluice/pipelines/rollout/traffic';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetFacts, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeClient } from '../kube-client.ts';
import { notPromoted } from '../kubernetes-problems.ts';
import { canaryName, note } from '../marks.ts';
import { fullReplicas, stableVersion, type OpenWorkload } from '../open-workload.ts';
import { forgetRollout } from '../return-traffic.ts';
import { scale, type ShiftStep } from '../shift-traffic.ts';
import type { TrafficWay, WayParts } from '../traffic-way.ts';
import { hasEverything, servingOf, sidesOf, workloadFacts } from '../workload-facts.ts';
import { notInEffect } from './router-problems.ts';
import { labelOldPods, rejoinServices } from './service-pair.ts';
import { type ServicePair, type TrafficRouter } from './traffic-router.ts';

export function routedWay(
  client: KubeClient,
  router: TrafficRouter,
  pair: ServicePair,
  parts: WayParts,
): TrafficWay {
  const { release, say, rollStable } = parts;
  const { version } = release;

  const factsOf = async (workload: OpenWorkload): Promise<TargetFacts> => {
    const { traffic } = await router.read(pair);
    return routedFacts(workload, traffic);
  };

  const routedFacts = (workload: OpenWorkload, traffic: Traffic): TargetFacts => {
    const { stable, canary, address } = workloadFacts(workload, release);
    const isRetired = stableVersion(workload) === version;
    const { percent, match, mirrorPercent } = traffic;
    const leftOver = {
      version,
      image: release.image,
      replicas: 0,
      ready: 0,
      weightPercent: 0,
      problem: null,
    };
    return {
      stable: stable === null ? null : { ...stable, weightPercent: isRetired ? 100 : 100 - percent },
      // While Services and notes are left, the new version's side is not gone yet.
      canary: canary === null ? leftOver : { ...canary, weightPercent: isRetired ? 0 : percent },
      address,
      weightStepPercent: 1,
      traffic: { match, mirrorPercent },
      can: router.can,
    };
  };

  const shift = async (workload: OpenWorkload, wanted: Traffic): Promise<ShiftStep> => {
    const { old, fresh } = sidesOf(workload, version);
    const full = fullReplicas(workload);
    const share = (percent: number): number => Math.max(1, Math.ceil((full * percent) / 100));
    const chosen = wanted.match.length === 0 ? 0 : parts.chosenPercent;
    const needed = share(Math.max(wanted.percent, wanted.mirrorPercent, chosen));
    const replicas = workload.canary?.spec.replicas ?? 0;
    if (replicas < needed) {
      await scale(client, canaryName(workload.name), needed);
      return 'waiting';
    }
    if (!isAllOld(wanted)) {
      if (servingOf(fresh) < needed) return 'waiting';
      if ((await client.readyAddresses(pair.canary)) < needed) return 'moving';
    }
    if (wanted.percent < 100 && servingOf(old) < share(100 - wanted.percent)) return 'waiting';
    const { traffic, unsettled } = await router.read(pair);
    if (!sameTraffic(traffic, wanted)) {
      await router.give(pair, wanted);
      return 'moving';
    }
    if (unsettled !== null) return 'moving';
    if (replicas === needed) return 'done';
    await sleep(dataPlaneMs, undefined, { signal: parts.signal });
    await scale(client, canaryName(workload.name), needed);
    return 'moving';
  };

  /** Back to one Service; the stable pods are ready for all of the traffic. */
  const restore = async (): Promise<ShiftStep | null> => {
    const { traffic, unsettled } = await router.read(pair);
    if (isAllOld(traffic)) return unsettled === null ? null : 'moving';
    await router.restore(pair);
    say(`${router.object} sends everything to Service ${pair.stable} again.`);
    return 'moving';
  };

  /** No traffic goes to the canary any more: away with it and with all that was made for it. */
  const clean = async (workload: OpenWorkload): Promise<ShiftStep> => {
    const { name, stable, canary, pods } = workload;
    await router.restore(pair);
    if (canary !== null) {
      await sleep(dataPlaneMs, undefined, { signal: parts.signal });
      await client.removeDeployment(canaryName(name));
      return 'moving';
    }
    if (pods.some((pod) => pod.isCanaryDeployment && pod.isServing)) return 'moving';
    await parts.forgetGuard(pair.stable);
    await rejoinServices(client, pair);
    if (stable !== null) await forgetRollout(client, stable);
    return 'done';
  };

  return {
    can: router.can,
    factsOf,
    shift,
    checkInEffect: async () => {
      const { unsettled } = await router.read(pair);
      if (unsettled !== null) throw notInEffect(router.object, unsettled);
    },
    keep: (workload) => labelOldPods(client, workload),
    promote: (workload) => shift(workload, { percent: 100, match: [], mirrorPercent: 0 }),
    retire: async (workload) => {
      if (stableVersion(workload) !== version) {
        if (!hasEverything(await factsOf(workload))) throw notPromoted(version);
        await rollStable(workload, { [note.stableVersion]: version });
        return 'waiting';
      }
      const { old, fresh } = sidesOf(workload, version);
      const replicas = workload.stable?.spec.replicas ?? 1;
      const own = fresh.filter((pod) => !pod.isCanaryDeployment);
      if (servingOf(own) < replicas || servingOf(old) > 0) return 'waiting';
      if ((await client.readyAddresses(pair.stable)) < replicas) return 'moving';
      return (await restore()) ?? clean(workload);
    },
    giveBack: async (workload) => {
      const full = fullReplicas(workload);
      if (workload.stable !== null && (workload.stable.spec.replicas ?? 1) < full) {
        await scale(client, workload.name, full);
      }
      const { traffic } = await router.read(pair);
      const ready = servingOf(workload.pods.filter((pod) => !pod.isCanaryDeployment));
      if (!isAllOld(traffic) && 2 * ready < full) return 'waiting';
      return (await restore()) ?? clean(workload);
    },
  };
}

/** Until every proxy has heard of a change of the route, requests still come to where they went before. */
const dataPlaneMs = 2_000;
