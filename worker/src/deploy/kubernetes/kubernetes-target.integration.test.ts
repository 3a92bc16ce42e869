import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { deployTargetContract, release, share, until } from '../deploy-target.contract.ts';
import { applyLoad } from '../load.ts';
import { buildTestImages, type TestImages } from '../test-service.ts';
import {
  missingForKubernetes,
  openKubernetesRig,
  shopManifests,
  type KubernetesRig,
} from './kubernetes-rig.ts';
import { replicaAbilities } from './workload-facts.ts';

const missing = missingForKubernetes();
const { PROMETHEUS_URL, LAB_HOME } = process.env;

describe.skipIf(missing !== null)(`on Kubernetes${missing === null ? '' : ` (${missing})`}`, () => {
  let images: TestImages;
  beforeAll(async () => {
    images = await buildTestImages(new Docker());
  });
  afterAll(async () => {
    await images[Symbol.asyncDispose]();
  });

  deployTargetContract('Kubernetes by replica share', () => openKubernetesRig(images), replicaAbilities);

  test('no request fails while traffic is shifted, rolled back, and a version is promoted', async () => {
    await using rig = await openKubernetesRig(images, 3);
    await release(rig, 'v1');
    const load = applyLoad(await hostOf(rig), 80, 4);
    await rig.rollout('v2').deploy();
    await until(
      () => rig.rollout('v2').setTraffic(share(50)),
      ({ canary }) => canary?.weightPercent === 50,
    );
    await until(
      () => rig.rollout('v2').rollBack(),
      ({ canary }) => canary === null,
    );
    await release(rig, 'v3');
    const { requests, failures, versions } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(1_000);
    expect([...versions].toSorted()).toEqual(['v1', 'v2', 'v3']);
  }, 120_000);

  test('a Deployment that was there before keeps its selector and is what a roll-back goes back to', async () => {
    await using rig = await openKubernetesRig(images, 1);
    await rig.createDeployment('handmade');
    const target = rig.rollout('v2');
    await until(target.inspect, ({ stable }) => stable?.ready === 1);
    const deployed = await target.deploy();
    expect(deployed.stable).toMatchObject({ version: 'unmanaged', weightPercent: 100 });
    await until(target.promote, isPromoted);
    expect(await rig.ask()).toBe('v2');
    await until(target.rollBack, ({ canary }) => canary === null);
    expect(await rig.ask()).toBe('handmade');
  });

  test('what the cluster refuses is named with its place before anything is changed', async () => {
    await using rig = await openKubernetesRig(images, 1);
    const role = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\n';
    const open = (text: string) => rig.open('v1', { manifests: text }).inspect();
    const shop = shopManifests(1);
    await expect(open(`${shop}---\n${role}`)).rejects.toThrow(
      /^shop.yml:26: ClusterRole all belongs to the whole/,
    );
    await expect(open(shop.replace('kind: Service', 'kind: Sirvice'))).rejects.toThrow(
      /shop.yml:19: .*no kind Sirvice/,
    );
    await expect(open(shop.replace('port: 80,', 'port: many,'))).rejects.toThrow(/shop.yml:19: .*port/);
    const large = `${shop}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: large }\ndata: { a: ${'x'.repeat(900_000)}, b: ${'y'.repeat(99_000)} }`;
    await expect(open(large)).resolves.toBeDefined();
    const custom = `${shop}---\napiVersion: example.com/v1\nkind: Backup\nmetadata: { name: daily }\n`;
    await expect(open(custom)).rejects.toThrow(
      /shop.yml:26: .*no kind Backup.*install its custom resource definition/,
    );
    const { stable } = await open(shop);
    expect(stable).toBeNull();
  });

  test('fields that somebody else applies are named with their manager, and fields that cannot be changed', async () => {
    await using rig = await openKubernetesRig(images, 1);
    const claims = (mode: string): string =>
      `${shopManifests(1)}---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: { accessModes: [${mode}], storageClassName: none, resources: { requests: { storage: 1Mi } } }\n`;
    const kubectl = (input: string): string =>
      execFileSync(
        'kubectl',
        ['--namespace', rig.namespace, 'apply', '--server-side', '--field-manager=hand', '--filename=-'],
        { input, encoding: 'utf8' },
      );
    kubectl(
      claims('ReadWriteOnce')
        .replace('port: 80,', 'port: 80, protocol: TCP,')
        .replaceAll('app: shop', 'app: shop'),
    );
    const lines: string[] = [];
    await rig.open('v1', { say: (line) => lines.push(line) }).inspect();
    expect(lines.filter((line) => line.startsWith('Warning'))).toEqual([
      expect.stringMatching(/Deployment shop: .*image.* kept by "hand" too .* let one of the two apply it/),
    ]);
    const changed = rig.open('v1', { manifests: claims('ReadWriteMany') }).inspect();
    await expect(changed).rejects.toThrow(/shop.yml:26: .*(immutable|forbidden).*delete it by hand/);
  });

  test.skipIf(PROMETHEUS_URL === undefined || LAB_HOME === undefined)(
    'counters of both versions come from Prometheus',
    async () => {
      await using rig = await openKubernetesRig(images, 1);
      const errors = {
        query: `http_requests_total{version="\${{ version }}",code="500",namespace="${rig.namespace}"}`,
        of: `http_requests_total{version="\${{ version }}",namespace="${rig.namespace}"}`,
        worseThan: 1.5,
        limit: null,
        dryRun: false,
      };
      const work = { metrics: { errors, broken: { ...errors, of: 'rate(' } } };
      const open = () => rig.open('v2', { work, prometheusUrl: PROMETHEUS_URL ?? null });
      await release(rig, 'v1');
      await open().deploy();
      await until(
        () => open().setTraffic(share(50)),
        ({ canary }) => canary?.weightPercent === 50,
      );
      await using _targets = await scrape(rig, join(LAB_HOME ?? '', 'prometheus', 'targets'));
      for (;;) {
        await rig.ask();
        const { metrics } = (await open().observe()).observation;
        expect(metrics['broken']).toMatchObject({
          kind: 'error',
          message: expect.stringContaining('parse error'),
        });
        const read = metrics['errors'];
        if (read?.kind !== 'read' || read.stable === null || read.canary === null) continue;
        expect(Object.values(read.canary.bad)).toEqual([0]);
        expect(Object.keys(read.canary.total)).toHaveLength(2);
        break;
      }
    },
  );
});

const isPromoted = ({ canary }: TargetFacts): boolean =>
  canary !== null && canary.weightPercent === 100 && canary.ready >= canary.replicas;

async function hostOf(rig: KubernetesRig): Promise<string> {
  const service = await rig.api.readNamespacedService({ name: 'shop', namespace: rig.namespace });
  return service.spec?.clusterIP ?? '';
}

/** Lets the lab's Prometheus scrape the namespace's pods. */
async function scrape(rig: KubernetesRig, folder: string): Promise<AsyncDisposable> {
  const { items } = await rig.api.listNamespacedPod({ namespace: rig.namespace });
  const targets = items.map(({ status }) => `${status?.podIP ?? ''}:8080`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${rig.namespace}.json`);
  await writeFile(file, JSON.stringify([{ targets, labels: { namespace: rig.namespace } }]));
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}
