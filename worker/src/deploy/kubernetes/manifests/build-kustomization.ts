import { relative } from 'node:path';
import { DeployProblem } from '../../deploy-problem.ts';
import { checkKustomization } from './check-kustomization.ts';
import { findProgram } from './find-program.ts';
import { runRenderer, type RendererPlaces } from './run-renderer.ts';

/** The manifests of a kustomization, as YAML. No plug-in is run and nothing is fetched. */
export async function buildKustomization(
  folder: string,
  places: RendererPlaces,
  signal: AbortSignal,
): Promise<string> {
  await checkKustomization(places.workspace, folder);
  const program = await findProgram(['kustomize', 'kubectl'], places.path);
  const place = relative(places.workspace, folder) || '.';
  if (program === null) {
    throw new DeployProblem(
      'renderer-missing',
      `"${place}" is a kustomization, and this worker finds neither kustomize nor kubectl on its PATH: install one of them there.`,
    );
  }
  const words = program.name === 'kubectl' ? ['kustomize'] : ['build'];
  const call = { program: program.path, args: [...words, folder], places };
  return runRenderer({ ...call, what: `${program.name} ${words.join(' ')} ${place}` }, signal);
}
