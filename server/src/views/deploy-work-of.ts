import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';

export interface NoDeployWork {
  readonly reason: 'broken-pipeline' | 'no-deploy-stage';
  readonly message: string;
}

/** The settings of a deploy stage in a pipeline file that somebody sends. */
export function deployWorkOf(text: string, stage: string): Result<DeployWork, NoDeployWork> {
  const deploys = deploysIn(text);
  if (!deploys.ok) return deploys;
  const found = deploys.value.find(({ id }) => id === stage);
  if (found !== undefined) return ok(found.work);
  const message = `The file has no deploy stage "${stage}"; its deploy stages: ${idsOf(deploys.value)}. Name one with --stage.`;
  return err({ reason: 'no-deploy-stage', message });
}

/** Those of the one that deploys to an environment; `stage`: which, where there are several. */
export function deployWorkTo(
  text: string,
  environment: string,
  stage: string | null,
): Result<DeployWork, NoDeployWork> {
  if (stage !== null) return deployWorkOf(text, stage);
  const deploys = deploysIn(text);
  if (!deploys.ok) return deploys;
  const [found, second] = deploys.value.filter(({ work }) => work.environment === environment);
  if (found !== undefined && second === undefined) return ok(found.work);
  const how = found === undefined ? 'no stage' : 'several stages';
  const message = `The file has ${how} that deploy to "${environment}"; its deploy stages: ${idsOf(deploys.value)}. Name one with --stage.`;
  return err({ reason: 'no-deploy-stage', message });
}

interface DeployStage {
  readonly id: string;
  readonly work: DeployWork;
}

const idsOf = (deploys: readonly DeployStage[]): string => deploys.map(({ id }) => id).join(', ') || 'none';

function deploysIn(text: string): Result<readonly DeployStage[], NoDeployWork> {
  const { definition, diagnostics } = parsePipeline(text, 'the file');
  if (definition === null) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').slice(0, 5);
    const message = errors.map((each) => each.message).join(' ');
    return err({ reason: 'broken-pipeline', message: `The file has mistakes: ${message}` });
  }
  return ok(definition.stages.flatMap(({ id, work }) => (work.kind === 'deploy' ? [{ id, work }] : [])));
}
