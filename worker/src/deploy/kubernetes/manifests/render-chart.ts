import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ChartSpec } from '@sluice/pipelines/language/definition';
import { resolveInside } from '../../../build/workspace-path.ts';
import { DeployProblem } from '../../deploy-problem.ts';
import { findProgram } from './find-program.ts';
import { nestedValues } from './nested-values.ts';
import { runRenderer, type RendererPlaces } from './run-renderer.ts';

/** What templates may ask about the cluster. */
export interface ClusterAbilities {
  readonly namespace: string;
  /** `v1.30.2`. */
  readonly kubeVersion: string;
  /** `apps/v1` and the others. */
  readonly apiVersions: readonly string[];
}

export interface ChartOutput {
  /** YAML of all objects, hooks among them. */
  readonly text: string;
  /** Files of custom resource definitions that come with the chart, which are not applied. */
  readonly definitions: readonly string[];
}

/** A chart as Helm renders it, without a cluster, a network, plug-ins or the settings of the worker's user. */
export async function renderChart(
  chart: ChartSpec,
  cluster: ClusterAbilities,
  places: RendererPlaces,
  signal: AbortSignal,
): Promise<ChartOutput> {
  const folder = await find(places.workspace, chart.path, 'chart');
  const name = chart.name ?? (await chartName(places.workspace, folder));
  await checkLinks(places.workspace, folder);
  const values = await Promise.all(chart.values.map((file) => find(places.workspace, file, 'chart.values')));
  const program = await findProgram(['helm'], places.path);
  if (program === null) throw missingHelm(chart.path);
  const [home, set] = [join(places.scratch, 'helm'), join(places.scratch, 'set.json')];
  await mkdir(home, { recursive: true });
  await writeFile(set, JSON.stringify(nestedValues(chart.set)));
  const text = await runRenderer(
    {
      what: `helm template ${chart.path}`,
      program: program.path,
      args: [
        'template',
        name,
        folder,
        '--namespace',
        cluster.namespace,
        '--kube-version',
        cluster.kubeVersion,
        ...cluster.apiVersions.flatMap((version) => ['--api-versions', version]),
        ...[...values, set].flatMap((file) => ['--values', file]),
      ],
      env: {
        HELM_CACHE_HOME: join(home, 'cache'),
        HELM_CONFIG_HOME: join(home, 'config'),
        HELM_DATA_HOME: join(home, 'data'),
        HELM_PLUGINS: join(home, 'plugins'),
        KUBECONFIG: '/dev/null',
      },
      places,
    },
    signal,
  ).catch((error: unknown) => {
    throw withHelp(error);
  });
  const definitions = await readdir(join(folder, 'crds')).catch(() => []);
  return { text, definitions: definitions.filter((file) => /\.(ya?ml|json)$/.test(file)) };
}

async function find(workspace: string, path: string, key: string): Promise<string> {
  const found = await resolveInside(workspace, path);
  if (found.ok) return found.value;
  const why = found.error.reason === 'missing' ? 'does not exist at this commit' : 'leaves the repository';
  throw new DeployProblem('manifests-missing', `The path "${path}" ${why}: mend \`${key}\` of the stage.`);
}

const releaseName = z.object({ name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$/) });

async function chartName(workspace: string, folder: string): Promise<string> {
  const file = join(folder, 'Chart.yaml');
  const place = relative(workspace, file);
  const real = await resolveInside(workspace, place);
  if (!real.ok) {
    throw new DeployProblem(
      'manifests-missing',
      `There is no ${place} at this commit, so that the folder is no chart: mend \`chart\` of the stage.`,
    );
  }
  const text = (await lstat(real.value)).size > 100_000 ? '' : await readFile(real.value, 'utf8');
  const parsed = releaseName.safeParse(readYaml(text));
  if (parsed.success) return parsed.data.name;
  throw new DeployProblem(
    'manifest-refused',
    `${place} does not give a name that can be that of a release: write \`chart.name\` into the stage.`,
  );
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null; // Helm says better what is wrong with it, once it has a name
  }
}

const mostFiles = 10_000;

/** Helm follows links to wherever they lead, and templates may print what is there. */
async function checkLinks(workspace: string, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.length > mostFiles) {
    const message = `The chart in ${relative(workspace, folder)} has more than ${mostFiles} files: make it smaller.`;
    throw new DeployProblem('manifest-refused', message);
  }
  for (const entry of entries.filter((each) => each.isSymbolicLink())) {
    const place = relative(workspace, join(entry.parentPath, entry.name));
    if ((await resolveInside(workspace, place)).ok) continue;
    throw new DeployProblem('manifest-refused', `${place} is a link that leaves the repository: remove it.`);
  }
}

function withHelp(error: unknown): unknown {
  if (!(error instanceof DeployProblem) || !/missing in charts\/ directory/.test(error.message)) return error;
  const help = 'Nothing is fetched: run `helm dependency build` and commit the folder charts/.';
  return new DeployProblem(error.reason, `${error.message} ${help}`);
}

function missingHelm(path: string): DeployProblem {
  return new DeployProblem(
    'renderer-missing',
    `"${path}" is a Helm chart, and this worker does not find helm on its PATH: install it there (version 3 or later).`,
  );
}
