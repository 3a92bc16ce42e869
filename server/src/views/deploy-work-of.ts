import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';

export interface NoDeployWork {
  readonly reason: 'broken-pipeline' | 'no-deploy-stage';
  readonly message: string;
}

/** The settings of a deploy stage in a pipeline file that somebody sends. */
export function deployWorkOf(text: string, stage: string): Result<DeployWork, NoDeployWork> {
  const { definition, diagnostics } = parsePipeline(text, 'the file');
  if (definition === null) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').slice(0, 5);
    const message = errors.map((each) => each.message).join(' ');
    return err({ reason: 'broken-pipeline', message: `The file has mistakes: ${message}` });
  }
  const deploys = definition.stages.flatMap(({ id, work }) => (work.kind === 'deploy' ? [{ id, work }] : []));
  const found = deploys.find(({ id }) => id === stage);
  if (found !== undefined) return ok(found.work);
  const known = deploys.map(({ id }) => id).join(', ') || 'none';
  const message = `The file has no deploy stage "${stage}"; its deploy stages: ${known}. Name one with --stage.`;
  return err({ reason: 'no-deploy-stage', message });
}
