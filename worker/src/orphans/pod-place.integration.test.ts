import { randomUUID } from 'node:crypto';
import { NetworkingV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fullValues, validLabels } from '../executors/kubernetes/label-values.ts';
import { openPodRig, type PodRig } from '../executors/kubernetes/pod-rig.ts';
import { podPlace } from './pod-place.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const patienceMs = 90_000;

describe.skipIf(process.env['KUBECONFIG'] === undefined)(
  'a namespace of a cluster as a place of orphans (needs KUBECONFIG)',
  () => {
    let rig: PodRig;
    beforeAll(async () => {
      rig = await openPodRig();
    });
    afterAll(() => rig[Symbol.asyncDispose]());

    /** A stage's name that is no label's value as it is. */
    const stage = 'test (node 20, "linux")';
    const aMark = (installation: string, name: string) => {
      const labels = {
        sluice: installation,
        'sluice.run': randomUUID(),
        'sluice.stage': stage,
        'sluice.attempt': '1',
        'sluice.fence': '3',
        'sluice.worker': 'dead',
      };
      const metadata = {
        name,
        labels: { ...validLabels(labels), 'sluice.pod': name },
        annotations: fullValues(labels),
      };
      return { runId: labels['sluice.run'], metadata };
    };
    const aPod = async (installation: string, name: string) => {
      const { runId, metadata } = aMark(installation, name);
      const container = { name: 'steps', image, command: ['sleep', '3600'] };
      const spec = { containers: [container], terminationGracePeriodSeconds: 30 };
      // A namespace has its service account a moment after it was made.
      const body = { metadata, spec };
      const { metadata: made } = await vi.waitFor(
        () => rig.api.createNamespacedPod({ namespace: rig.namespace, body }),
        { timeout: patienceMs, interval: 250 },
      );
      return { runId, uid: made?.uid ?? '' };
    };

    test(
      'any worker finds and removes the pods of attempts, with what belongs to them',
      { timeout: patienceMs * 3 },
      async () => {
        const installation = randomUUID();
        const place = podPlace(rig.cluster(), 'lab/test');
        const { runId, uid } = await aPod(installation, 'left-pod');
        await aPod(`other-${installation}`, 'left-other');
        const body = aMark(installation, 'left-pod').metadata;
        const owned = {
          ...body,
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'left-pod', uid }],
        };
        const policies = rig.config.makeApiClient(NetworkingV1Api);
        const { namespace } = rig;
        const spec = { podSelector: { matchLabels: { 'sluice.pod': 'left-pod' } }, policyTypes: ['Ingress'] };
        await policies.createNamespacedNetworkPolicy({ namespace, body: { metadata: owned, spec } });
        await rig.api.createNamespacedSecret({ namespace, body: { metadata: body, stringData: { a: 'b' } } });
        const lone = aMark(installation, 'no-pod');
        await policies.createNamespacedNetworkPolicy({ namespace, body: { metadata: lone.metadata, spec } });

        const { engine, kinds, found } = await place.list(installation);
        expect(engine).toBe('kubernetes/lab/test');
        expect(kinds).toEqual(['pod', 'network-policy', 'secret']);
        expect(found.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
          'pod left-pod',
          'network-policy no-pod',
          'secret left-pod',
        ]);
        expect(found[0]).toMatchObject({ attempt: { runId, stage, attempt: 1 }, installation });
        for (const { ageMs } of found) expect(ageMs >= -2_000 && ageMs < patienceMs).toBe(true);

        const another = (await podPlace(rig.cluster(), 'lab/test').list(installation)).found;
        const removals = await Promise.all([found[0]?.remove(), another[0]?.remove()]);
        // A node under load takes longer than is waited for; a further look then finds the pod gone.
        expect(removals.some((removal) => removal === 'removed' || removal === 'going')).toBe(true);
        const look = async (): Promise<number> => {
          for (const thing of (await place.list(installation)).found) await thing.remove();
          return (await place.list(installation)).found.length;
        };
        await expect.poll(look, { timeout: patienceMs }).toBe(0);
        const others = (await place.list(`other-${installation}`)).found;
        expect(others.map(({ name }) => name)).toEqual(['left-other']);
      },
    );
  },
);
