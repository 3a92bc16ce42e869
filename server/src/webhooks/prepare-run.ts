import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import type { Mirrors, RepositoryToRead } from '../repositories/mirrors.ts';
import { pipelinePath } from '../repositories/pipeline-file.ts';
import type { RepositoryProblem } from '../repositories/repository-problem.ts';

/** What a trigger leads to, before anything is started. */
export type PreparedRun =
  | {
      readonly kind: 'planned';
      readonly pipeline: string;
      readonly plan: Plan;
      /** Warnings alone, the first of them. */
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly kind: 'broken'; readonly pipeline: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'filtered'; readonly reasons: readonly string[] }
  | { readonly kind: 'no-file'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly problem: RepositoryProblem };

/** A run is read at each of its steps, and with it its warnings. */
const mostWarnings = 20;

/** Reads the pipeline file at the trigger's commit and plans it. */
export async function prepareRun(
  mirrors: Pick<Mirrors, 'readPipelineFile'>,
  repository: RepositoryToRead,
  trigger: Trigger,
): Promise<PreparedRun> {
  const file = await mirrors.readPipelineFile(repository, trigger.commit.sha);
  if (!file.ok) return { kind: 'unreadable', problem: file.error };
  if (file.value === null) {
    const reason = `There is no ${pipelinePath} at commit ${trigger.commit.sha.slice(0, 10)}.`;
    return { kind: 'no-file', reason };
  }
  const { definition, diagnostics } = parsePipeline(file.value.text, file.value.path);
  if (definition === null) return { kind: 'broken', pipeline: file.value.path, diagnostics };
  const outcome = buildPlan(definition, trigger);
  return outcome.kind === 'filtered'
    ? outcome
    : { ...outcome, pipeline: definition.name, diagnostics: diagnostics.slice(0, mostWarnings) };
}
