import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import { resolveStage } from '@sluice/pipelines/plan/resolve-stage';
import { inputFiles, reuseKeyText, reuseRule, type CommitFile } from '@sluice/pipelines/plan/reuse-key';
import { secretNamesOf } from '@sluice/pipelines/plan/stage-secrets';
import { sharedScope, trustScope } from '@sluice/pipelines/plan/trust-scope';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { outputsBefore } from '@sluice/pipelines/run/outputs-before';
import type { KeptFrom, StageEnd } from '@sluice/pipelines/run/run-state';
import { createHash } from 'node:crypto';
import type { ServerContext } from '../context.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { findRepository } from '../store/repository-store.ts';
import { findResult } from '../store/result-store.ts';
import { findRun, isPlanned, type PlannedRun } from '../store/run-store.ts';
import { secretTimes } from '../store/secret-store.ts';
import { findArtifactsFor, lastArtifacts } from './find-artifacts.ts';

export type FoundResult =
  | {
      readonly kind: 'found';
      readonly from: KeptFrom;
      readonly end: Extract<StageEnd, { readonly status: 'succeeded' }>;
    }
  | { readonly kind: 'none'; readonly reason: string; readonly key: ResultKey | null };

/** Under which a stage's result may be found later. */
export interface ResultKey {
  readonly hash: string;
  readonly scope: string;
}

/** Files that go sooner may be gone before the stages that take them have them. */
const artifactsMustLastMs = 3_600_000;

/**
 * Looks for a run in which a stage has succeeded with the same inputs. A look that cannot be done (a repository that
 * is away, a template without a value) is an answer too: the stage runs. Rejects when the database is away.
 */
export async function findResultFor(
  context: ServerContext,
  mirrors: Mirrors,
  run: PlannedRun,
  stageId: string,
): Promise<FoundResult> {
  const resolved = resolveStage(run.content.plan, run.content.state, stageId, run);
  if (!resolved.ok) return none(resolved.error);
  const stage = resolved.value;
  const files = await readInputs(context, mirrors, run, stage);
  if (!files.ok) return none(files.error);
  const secrets = await secretsOf(context, run, stage);
  const artifacts = await findArtifactsFor(context.db, run.id, run.content.plan, stage);
  const outputs = outputsBefore(run.content.plan, run.content.state, stageId);
  const text = reuseKeyText({ stage, files: files.value, secrets, outputs, artifacts });
  const { read, write } = trustScope(run.trigger);
  const key = { hash: createHash('sha256').update(text).digest('hex'), scope: write };
  if (run.rerun !== null) return none('was asked for again, so it runs', key);
  // What was made with a secret is not handed to a stranger, who would not have got the secret.
  const scopes = write !== sharedScope && Object.keys(secrets).length > 0 ? [write] : read;
  const place = { repositoryId: run.repositoryId, stage: stageId, keyHash: key.hash, scopes };
  const runId = await findResult(context.db, place);
  if (runId === null) return none('no run has succeeded with these inputs', key);
  const found = await takeOver(context, runId, stage);
  return found.ok ? found.value : none(found.error, key);
}

const none = (reason: string, key: ResultKey | null = null): FoundResult => ({ kind: 'none', reason, key });

async function readInputs(
  context: ServerContext,
  mirrors: Mirrors,
  run: PlannedRun,
  stage: PlannedStage,
): Promise<Result<readonly CommitFile[], string>> {
  const rule = reuseRule(stage);
  if (rule === null) return err('is run every time');
  const repository = await findRepository(context, run.repositoryId);
  if (repository === null) return err(`repository "${run.repository}" was removed`);
  const files = await mirrors.listFiles(repository, run.trigger.commit.sha);
  if (!files.ok) return err(`whether its inputs have changed is not known: ${files.error.message}`);
  const inputs = inputFiles(stage, rule, files.value);
  return inputs.length > 0 ? ok(inputs) : err('no file of the commit matches its inputs');
}

async function secretsOf(
  { db }: ServerContext,
  { project }: PlannedRun,
  { env, work }: PlannedStage,
): Promise<Record<string, number | null>> {
  const names = secretNamesOf(env, work);
  const times = await secretTimes(db, project, names);
  return Object.fromEntries(names.map((name) => [name, times.get(name) ?? null]));
}

async function takeOver(
  { db, now }: ServerContext,
  runId: string,
  { id, work }: PlannedStage,
): Promise<Result<FoundResult, string>> {
  const origin = await findRun(db, runId);
  const end = origin === null || !isPlanned(origin) ? undefined : origin.content.state.stages[id];
  if (origin === null || !isPlanned(origin) || end?.status !== 'succeeded')
    return err('the earlier run is gone');
  const keepsArtifacts = work.kind === 'steps' && (work.keeps?.artifacts ?? null) !== null;
  const artifacts = keepsArtifacts ? await lastArtifacts(db, runId, origin.content.state, [id]) : [];
  const until = now() + artifactsMustLastMs;
  if (artifacts.some(({ sha256, expires_at }) => sha256 === null || expires_at <= until))
    return err(`run #${origin.number} had the same inputs, and its artifacts have expired or will soon`);
  return ok({ kind: 'found', from: { runId, number: origin.number }, end });
}
