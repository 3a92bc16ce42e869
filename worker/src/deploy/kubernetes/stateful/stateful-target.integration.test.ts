import { execFileSync } from 'node:child_process';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployTargetContract, release, share, until } from '../../deploy-target.contract.ts';
import { buildTestImages, type TestImages } from '../../test-service.ts';
import { missingForKubernetes, openKubernetesRig, type KubernetesRig } from '../kubernetes-rig.ts';
import { replicaAbilities } from '../workload-facts.ts';

const missing = missingForKubernetes();

describe.skipIf(missing !== null)(
  `StatefulSets on Kubernetes${missing === null ? '' : ` (${missing})`}`,
  () => {
    let images: TestImages;
    beforeAll(async () => {
      images = await buildTestImages(new Docker());
    });
    afterAll(async () => {
      await images[Symbol.asyncDispose]();
    });
    const openRig = (replicas: number, more = ''): Promise<KubernetesRig> =>
      openKubernetesRig(images, replicas, { manifests: shopSet(replicas, more) });

    // Pods that are replaced one after another take their time: the whole contract, some five minutes.
    if (process.env['WHOLE_CONTRACTS'] === undefined)
      test.skip('by places (skipped: it takes minutes, and WHOLE_CONTRACTS=1 runs it)', () => {});
    else deployTargetContract('by places', () => openRig(2), replicaAbilities);

    test('the highest ordinals get the new version, one after another, and a broken one takes one place', async () => {
      await using rig = await openRig(3);
      await release(rig, 'v1');
      expect((await rig.rollout('v2').deploy()).canary).toMatchObject({
        replicas: 0,
        ready: 0,
        inPlace: true,
      });
      expect(versions(rig)).toEqual(['v1', 'v1', 'v1']);
      await until(
        () => rig.rollout('v2').setTraffic(share(1)),
        ({ canary }) => canary?.ready === 1,
      );
      expect(versions(rig)).toEqual(['v1', 'v1', 'v2']);
      await until(
        () => rig.rollout('v2').rollBack(),
        ({ canary }) => canary === null,
      );
      expect(versions(rig)).toEqual(['v1', 'v1', 'v1']);

      await rig.brokenRollout('v3').deploy();
      await until(
        () => rig.brokenRollout('v3').promote(),
        ({ canary }) => (canary?.problem ?? null) !== null,
      );
      expect(versions(rig)).toEqual(['v1', 'v1', 'v3']);
      const back = await until(
        () => rig.brokenRollout('v3').rollBack(),
        ({ canary }) => canary === null,
      );
      expect(back.stable).toMatchObject({ version: 'v1', replicas: 3, ready: 3, weightPercent: 100 });
      expect(versions(rig)).toEqual(['v1', 'v1', 'v1']);
    }, 120_000);

    test('volumes outlive a roll-back, and that of a first deployment', async () => {
      await using rig = await openRig(1, claims);
      using _volumes = provideVolume(rig.namespace);
      const claimed = (): string => kubectl(rig, 'get', 'pvc', '--output=name').trim();
      await rig.rollout('v1').deploy();
      await until(
        () => rig.rollout('v1').promote(),
        ({ canary }) => canary?.weightPercent === 100,
      );
      await until(
        () => rig.rollout('v1').rollBack(),
        ({ canary }) => canary === null,
      );
      expect(claimed()).toBe('persistentvolumeclaim/data-shop-0');
      await release(rig, 'v2');
      expect(claimed()).toBe('persistentvolumeclaim/data-shop-0');
    }, 120_000);

    test('what cannot be done with pods that exist once each is refused before anything is changed', async () => {
      await using rig = await openRig(1);
      const refused = { reason: 'strategy-not-possible' };
      for (const strategy of ['blue-green', 'shadow', 'ab'] as const) {
        await expect(rig.rollout('v1', { strategy }).inspect()).rejects.toMatchObject(refused);
      }
      const traffic = { kind: 'httproute', name: 'shop' } as const;
      await expect(rig.rollout('v1', { traffic }).inspect()).rejects.toMatchObject(refused);
      const onDelete = shopSet(1, '  updateStrategy: { type: OnDelete }\n');
      await expect(rig.open('v1', { manifests: onDelete }).inspect()).rejects.toMatchObject({
        reason: 'manifest-refused',
      });
      await release(rig, 'v1');
      const steps = [{ kind: 'set-weight', percent: 10 }] as const;
      await expect(rig.rollout('v2', { steps }).inspect()).rejects.toThrow(/one replica there is no share/);
    });
  },
);

function kubectl({ namespace }: KubernetesRig, ...args: readonly string[]): string {
  return execFileSync('kubectl', ['--namespace', namespace, ...args], { encoding: 'utf8' });
}

/** Of the pods, by ordinal. */
const versions = (rig: KubernetesRig): readonly string[] =>
  kubectl(
    rig,
    'get',
    'pods',
    '--sort-by=.metadata.name',
    '--output=jsonpath={.items[*].metadata.labels.version}',
  ).split(' ');

/** A volume of this machine, which nobody else's claim takes. */
function provideVolume(name: string): Disposable {
  const input = JSON.stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Mi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace: name, name: 'data-shop-0' },
      hostPath: { path: `/tmp/${name}` },
    },
  });
  execFileSync('kubectl', ['create', '--filename=-'], { input });
  return {
    [Symbol.dispose]: () => {
      execFileSync('kubectl', ['delete', 'persistentvolume', name, '--wait=false']);
    },
  };
}

const claims = `  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], storageClassName: '', resources: { requests: { storage: 1Mi } } }
`;

function shopSet(replicas: number, more = ''): string {
  return `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: shop }
spec:
  replicas: ${replicas}
  serviceName: shop
  selector: { matchLabels: { app: shop } }
${more}  template:
    metadata: { labels: { app: shop } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: shop
          image: shop
          imagePullPolicy: IfNotPresent
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  selector: { app: shop }
  ports: [{ port: 80, targetPort: 8080 }]
`;
}
