// The templates of other repositories that pipelines use, read by those who have the mirrors.
import type { LoadedPipeline } from '@sluice/pipelines/language/load-pipelines';
import { gatherTemplates } from '@sluice/pipelines/language/templates/gather-templates';
import type { TemplateAnswer, TemplateName } from '@sluice/pipelines/language/templates/template-definition';
import { templateKey } from '@sluice/pipelines/language/templates/template-name';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RepositoryProblem } from './repository-problem.ts';

/** The error is one that may pass: without it, nothing can be said about the pipeline. */
export type ReadRemoteTemplate = (
  name: Extract<TemplateName, { readonly kind: 'remote' }>,
) => Promise<Result<TemplateAnswer, RepositoryProblem>>;

/** The pipelines with the templates of other repositories; each is asked for once. */
export async function withTemplates(
  loaded: readonly LoadedPipeline[],
  read: ReadRemoteTemplate,
): Promise<Result<readonly LoadedPipeline[], RepositoryProblem>> {
  const answers = new Map<string, TemplateAnswer>();
  let problem: RepositoryProblem | null = null;
  async function answer(name: TemplateName): Promise<TemplateAnswer | null> {
    if (name.kind === 'local' || problem !== null) return null;
    const key = templateKey(name);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const asked = await read(name);
    if (!asked.ok) {
      problem = asked.error;
      return null;
    }
    answers.set(key, asked.value);
    return asked.value;
  }
  const complete: LoadedPipeline[] = [];
  for (const each of loaded) complete.push({ ...each, found: await gatherTemplates(each, answer) });
  return problem === null ? ok(complete) : err(problem);
}
