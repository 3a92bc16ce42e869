import { symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ChartSpec } from '@sluice/pipelines/language/definition';
import { buildKustomization } from './build-kustomization.ts';
import { renderChart } from './render-chart.ts';
import {
  missingRenderers,
  openRenderRig,
  renderersPath,
  shopChart,
  type RenderRig,
} from './renderers-rig.ts';

const signal = new AbortController().signal;
const shop = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop }\n';
const cluster = { namespace: 'store', kubeVersion: 'v1.20.2', apiVersions: ['v1', 'apps/v1'] };
const chart = (changes: Partial<ChartSpec> = {}): ChartSpec => ({
  path: 'chart',
  values: [],
  set: {},
  name: null,
  ...changes,
});

const build = (rig: RenderRig, folder = 'k8s'): Promise<string> =>
  buildKustomization(join(rig.workspace, folder), rig, signal);
const render = async (rig: RenderRig, changes: Partial<ChartSpec> = {}): Promise<string> =>
  (await renderChart(chart(changes), cluster, rig, signal)).text;

/** Without bubblewrap, as on hosts that do not have it. */
const bare = renderersPath.split(delimiter).slice(0, 1).join(delimiter);

describe.skipIf(missingRenderers !== null)(
  `renderers${missingRenderers === null ? '' : ` (${missingRenderers})`}`,
  () => {
    describe.each([
      ['inside bubblewrap', renderersPath],
      ['without it', bare],
    ])('%s', (_where, path) => {
      test('a kustomization is built from its bases', async () => {
        await using rig = await openRenderRig(path);
        await rig.write({
          'base/kustomization.yaml': 'resources: [shop.yml]',
          'base/shop.yml': shop,
          'k8s/kustomization.yaml': 'resources: [../base]\nnamePrefix: my-',
        });
        expect(await build(rig)).toContain('name: my-shop');
      });

      test('what kustomize says is wrong is said, without where this worker keeps its files', async () => {
        await using rig = await openRenderRig(path);
        await rig.write({ 'k8s/kustomization.yaml': 'resources: [a.yml]\nunheard: of', 'k8s/a.yml': shop });
        const message = await build(rig).catch(String);
        expect(message).toMatch(/kustomize build k8s fails: .*unheard/);
        expect(message).not.toContain(rig.workspace);
      });

      test('a chart is rendered with its files of values and single values, the last of which count', async () => {
        await using rig = await openRenderRig(path);
        await rig.write({ ...shopChart, 'one.yml': 'replicas: 2\nmode: a', 'two.yml': 'mode: b' });
        const text = await render(rig, { values: ['one.yml', 'two.yml'], set: { 'image.pull': 'Never' } });
        expect(text).toMatch(/replicas: 2/);
        expect(text).toMatch(/mode: "b"/);
        expect(text).toMatch(/imagePullPolicy: Never/);
        expect(text).toMatch(/name: shop, namespace: store/);
      });

      test('templates know nothing of this worker, and of the cluster what it says', async () => {
        await using rig = await openRenderRig(path);
        const asks = '{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has "apps/v1" }}';
        await rig.write({
          ...shopChart,
          'chart/templates/asks.yaml': `kind: Asks\nasks: ${asks}\nlookup: {{ lookup "v1" "Secret" "" "" | len }}\n`,
        });
        expect(await render(rig)).toMatch(/asks: v1.20.2 true\nlookup: 0/);
        await rig.write({ 'chart/templates/env.yaml': 'path: {{ env "PATH" }}' });
        await expect(render(rig)).rejects.toThrow(/function "env" not defined/);
      });

      test('a template that never ends or fills the memory is ended', async () => {
        await using rig = await openRenderRig(path);
        await rig.write({ ...shopChart, 'chart/templates/bomb.yaml': '{{ repeat 2000000000 "abcdefgh" }}' });
        await expect(render(rig)).rejects.toThrow(/helm template chart fails: .*(memory|overflow)/i);
      });
    });

    test('a link out of the repository is not followed, nor a value file that is none of it', async () => {
      await using rig = await openRenderRig();
      await rig.write(shopChart);
      await expect(render(rig, { values: ['../set.json'] })).rejects.toThrow(/leaves the repository/);
      await symlink('/etc/hosts', join(rig.workspace, 'chart', 'hosts'));
      await expect(render(rig)).rejects.toThrow(/chart\/hosts is a link that leaves the repository/);
    });

    test('what a chart depends on is committed with it, and the message says how', async () => {
      await using rig = await openRenderRig();
      const needs = 'dependencies: [{ name: cache, version: 1.0.0, repository: https://example.com }]\n';
      await rig.write({ ...shopChart, 'chart/Chart.yaml': `${shopChart['chart/Chart.yaml']}${needs}` });
      await expect(render(rig)).rejects.toThrow(/cache.*`helm dependency build` and commit/);
      await rig.write({
        'chart/charts/cache/Chart.yaml': 'apiVersion: v2\nname: cache\nversion: 1.0.0\n',
        'chart/charts/cache/templates/a.yaml': shop,
      });
      expect(await render(rig)).toContain('kind: ConfigMap');
    });

    test('a folder that is no chart, and a worker without the programs, are named', async () => {
      await using rig = await openRenderRig('/nonexistent');
      await rig.write({ ...shopChart, 'k8s/kustomization.yaml': 'resources: []' });
      await expect(render(rig, { path: 'chart/templates' })).rejects.toThrow(
        /no chart\/templates\/Chart.yaml/,
      );
      await expect(render(rig)).rejects.toMatchObject({ reason: 'renderer-missing' });
      await expect(build(rig)).rejects.toMatchObject({ reason: 'renderer-missing' });
    });
  },
);
