// The manifests of a commit, read from files that a stranger wrote.
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { LineCounter, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ChartSpec } from '@sluice/pipelines/language/definition';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { resolveInside } from '../../build/workspace-path.ts';
import type { Checkout } from '../../checkout/check-out.ts';
import { DeployProblem } from '../deploy-problem.ts';
import type { ActionContext } from '../deploy-target.ts';
import { kubeObject, type KubeObject } from './kube-objects.ts';
import { buildKustomization } from './manifests/build-kustomization.ts';
import { hookOf } from './manifests/chart-hooks.ts';
import { isKustomization } from './manifests/check-kustomization.ts';
import { renderChart, type ClusterAbilities } from './manifests/render-chart.ts';
import type { RendererPlaces } from './manifests/run-renderer.ts';

export interface ManifestSource {
  readonly checkout: Checkout;
  readonly spec: CheckoutSpec;
  /** One of the two says where they are. */
  readonly manifests: string | null;
  readonly chart: ChartSpec | null;
  /** Asked where there is a chart. */
  readonly cluster: () => Promise<ClusterAbilities>;
  /** PATH of kustomize, helm and bubblewrap. */
  readonly path: string;
}

export interface ReadManifests {
  readonly objects: readonly KubeObject[];
  /** Where each of them stands. */
  readonly places: ReadonlyMap<KubeObject, string>;
  /** Sentences about what is there and is not applied. */
  readonly warnings: readonly string[];
}

/**
 * Objects of every YAML file in the folder (not of those below it) or of the one file, by file name; or what the
 * kustomization or the chart gives.
 */
export async function readManifests(
  source: ManifestSource,
  { say, signal }: ActionContext,
): Promise<ReadManifests> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-manifests-')));
  const [workspace, scratch] = [join(root, 'workspace'), join(root, 'scratch')];
  try {
    await Promise.all([mkdir(workspace), mkdir(scratch)]);
    const done = await source.checkout.checkOut(source.spec, { workspace, scratch, say }, signal);
    if (!done.ok) throw new DeployProblem('checkout-failed', done.error, { retryable: true });
    const places = { workspace, scratch, path: source.path };
    if (source.chart !== null) {
      return await chartObjects(source.chart, await source.cluster(), places, signal);
    }
    return withPlaces(await plainObjects(source.manifests ?? '.', places, signal), []);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function plainObjects(
  path: string,
  places: RendererPlaces,
  signal: AbortSignal,
): Promise<readonly PlacedObject[]> {
  const found = await findManifests(places.workspace, path);
  if (found.kind === 'kustomization') {
    return placedObjects(await buildKustomization(found.folder, places, signal), `what ${path} builds`);
  }
  const texts = await Promise.all(found.files.map(readManifest));
  return texts.flatMap(({ name, text }) => placedObjects(text, name));
}

const withPlaces = (placed: readonly PlacedObject[], warnings: readonly string[]): ReadManifests => ({
  objects: placed.map(({ object }) => object),
  places: new Map(placed.map(({ object, place }) => [object, place])),
  warnings,
});

async function chartObjects(
  chart: ChartSpec,
  cluster: ClusterAbilities,
  places: RendererPlaces,
  signal: AbortSignal,
): Promise<ReadManifests> {
  const { text, definitions } = await renderChart(chart, cluster, places, signal);
  const placed = placedObjects(text, `what ${chart.path} renders`);
  const hooks = placed.flatMap(({ object }) => hookOf(object) ?? []);
  return withPlaces(
    placed.filter(({ object }) => hookOf(object) === null),
    [
      ...(hooks.length === 0
        ? []
        : [
            `hooks of the chart are not run: ${hooks.join(', ')}. Do in stages of the pipeline what they do.`,
          ]),
      ...(definitions.length === 0
        ? []
        : [
            `custom resource definitions belong to the whole cluster and are not applied: ${definitions.join(', ')} of ${chart.path}/crds. Let somebody with that right install them.`,
          ]),
    ],
  );
}

/** Objects of a text with one or more YAML documents; a `List` counts as its items. */
export const parseManifests = (text: string, file: string): readonly KubeObject[] =>
  placedObjects(text, file).map(({ object }) => object);

interface PlacedObject {
  readonly object: KubeObject;
  /** `shop.yml:12`, or the template of a chart. */
  readonly place: string;
}

function placedObjects(text: string, file: string): readonly PlacedObject[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  if ('empty' in documents) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw invalid(file, lineCounter.linePos(error.pos[0]).line, error.message);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    const line = lineCounter.linePos(document.contents?.range?.[0] ?? 0).line;
    const comment = `${document.commentBefore ?? ''}\n${document.contents?.commentBefore ?? ''}`;
    const place = /^ ?Source: (\S+)$/m.exec(comment)?.[1] ?? `${file}:${line}`;
    return itemsOf(value).map((item) => {
      const parsed = kubeObject.safeParse(item);
      if (parsed.success) return { object: parsed.data, place };
      const issue = parsed.error.issues[0];
      throw invalid(file, line, `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is malformed'}`);
    });
  });
}

const list = z.object({ kind: z.string().endsWith('List'), items: z.array(z.unknown()) });

function itemsOf(value: unknown): readonly unknown[] {
  const parsed = list.safeParse(value);
  return parsed.success ? parsed.data.items : [value];
}

const longestFile = 1_000_000;
const mostFiles = 200;

type Found =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'kustomization'; readonly folder: string };

async function findManifests(workspace: string, path: string): Promise<Found> {
  const found = await resolveInside(workspace, path);
  if (!found.ok) {
    const why = found.error.reason === 'missing' ? 'does not exist at this commit' : 'leaves the repository';
    throw new DeployProblem(
      'manifests-missing',
      `The path "${path}" ${why}: mend \`manifests\` of the stage.`,
    );
  }
  const folder = found.value;
  if (!(await lstat(folder)).isDirectory()) return { kind: 'files', files: [folder] };
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some(({ name }) => isKustomization(name))) return { kind: 'kustomization', folder };
  const names = entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => name)
    .toSorted();
  if (names.length === 0 || names.length > mostFiles) {
    throw new DeployProblem(
      'manifests-missing',
      `The folder "${path}" holds ${names.length} YAML files; between 1 and ${mostFiles} are read.`,
    );
  }
  return { kind: 'files', files: names.map((name) => join(folder, name)) };
}

async function readManifest(path: string): Promise<{ readonly name: string; readonly text: string }> {
  const name = basename(path);
  if ((await lstat(path)).size > longestFile) {
    throw new DeployProblem('manifest-refused', `${name} is larger than 1 MB: split it.`);
  }
  return { name, text: await readFile(path, 'utf8') };
}

function invalid(file: string, line: number, message: string): DeployProblem {
  return new DeployProblem('manifest-refused', `${file}:${line}: ${message.split('\n')[0] ?? ''}`);
}
