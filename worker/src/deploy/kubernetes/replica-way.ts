// Traffic follows the number of ready pods behind one Service; canary pods are let into it by a readiness gate.
import type { RouterAbilities } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeClient } from './kube-client.ts';
import { canaryName, note } from './marks.ts';
import { notPromoted } from './kubernetes-problems.ts';
import { fullReplicas, stableVersion, templateVersion, type OpenWorkload } from './open-workload.ts';
import { forgetRollout, returnTraffic } from './return-traffic.ts';
import { shiftTraffic, type ShiftStep } from './shift-traffic.ts';
import { openGates } from './traffic-gates.ts';
import type { TrafficWay, WayParts } from './traffic-way.ts';
import { hasEverything, workloadFacts } from './workload-facts.ts';

export function replicaWay(client: KubeClient, can: RouterAbilities, parts: WayParts): TrafficWay {
  const { release, say, rollStable } = parts;
  const { version } = release;
  return {
    can,
    factsOf: (workload) => Promise.resolve({ ...workloadFacts(workload, release), can }),
    shift: (workload, { percent }) => shiftTraffic(client, workload, version, percent),
    checkInEffect: () => Promise.resolve(),
    keep: async (workload) => {
      const open = openPods(workload);
      if (open > 0) await openGates(client, workload, version, open);
    },
    promote: async (workload) => {
      if (templateVersion(workload) !== version) await rollStable(workload, notesOf(workload));
      const facts = workloadFacts(workload, release);
      if (hasEverything(facts)) return 'done';
      const { canary } = facts;
      return canary !== null && canary.ready >= canary.replicas ? 'moving' : 'waiting';
    },
    retire: async (workload): Promise<ShiftStep> => {
      if (stableVersion(workload) !== version) {
        if (workload.stable === null || !hasEverything(workloadFacts(workload, release)))
          throw notPromoted(version);
        await forgetRollout(client, workload.stable, { [note.stableVersion]: version });
      }
      if (workload.canary === null) return 'done';
      await openGates(client, workload, version, 0);
      if (workload.pods.some((pod) => pod.isCanaryDeployment && pod.isServing)) return 'moving';
      await client.removeDeployment(canaryName(workload.name));
      say(`Removed ${canaryName(workload.name)}: version ${version} is the stable one.`);
      return 'moving';
    },
    giveBack: (workload) => returnTraffic(client, workload, version),
  };
}

/** How many pods of the canary should have traffic. */
export function openPods({ canary }: OpenWorkload): number {
  return Number(canary?.metadata.annotations?.[note.open] ?? 0);
}

/** What to come back to from a workload that is rolled to the new version. */
function notesOf(before: OpenWorkload): Readonly<Record<string, string>> {
  const old = stableVersion(before);
  if (old === null || before.stable === null) return {};
  return {
    [note.stableVersion]: old,
    [note.stableTemplate]: JSON.stringify(before.stable.spec.template),
    [note.stableReplicas]: String(fullReplicas(before)),
  };
}
