import type { Plan } from '@sluice/pipelines/plan/plan';
import { findStage } from '@sluice/pipelines/run/find-stage';
import type { ServerContext } from '../context.ts';
import { findRepositories, type Repository } from '../store/repository-store.ts';
import { findRunFrames } from '../store/run-store.ts';
import { readSecretsOf } from '../store/secret-store.ts';
import { registriesSecret, secretNamesOf } from './stage-secrets.ts';

export interface StagePlace {
  readonly runId: string;
  readonly stage: string;
}

/** What a stage needs beside its plan, as it is when a worker asks. */
export interface Supplies {
  /** Null: it was removed. */
  readonly repository: Repository | null;
  /** Name → plain value, of those that exist. */
  readonly secrets: Readonly<Record<string, string>>;
}

type Needs = Pick<ServerContext, 'db' | 'sealer'>;

/** In the order of `places`; null where there is no such stage. */
export async function findSuppliesOf(
  context: Needs,
  places: readonly StagePlace[],
): Promise<readonly (Supplies | null)[]> {
  const frames = await findRunFrames(context.db, [...new Set(places.map(({ runId }) => runId))]);
  const wanted = places.map(({ runId, stage }) => {
    const frame = frames.get(runId);
    const names = frame === undefined ? null : namesOf(frame.plan, stage);
    return frame === undefined || names === null ? null : { frame, names };
  });
  const known = wanted.filter((each) => each !== null);
  const [repositories, secrets] = await Promise.all([
    findRepositories(
      context,
      known.map(({ frame }) => frame.repositoryId),
    ),
    readSecretsOf(
      context,
      known.map(({ frame, names }) => ({ project: frame.project, names })),
    ),
  ]);
  const found = secrets.values();
  return wanted.map((each) =>
    each === null
      ? null
      : { repository: repositories.get(each.frame.repositoryId) ?? null, secrets: found.next().value ?? {} },
  );
}

/** Null: the plan has no such stage. */
function namesOf(plan: Plan, stageId: string): readonly string[] | null {
  const stage = findStage(plan, stageId);
  if (stage === undefined) return null;
  return [...secretNamesOf({ ...plan.env, ...stage.env }, stage.work), registriesSecret];
}
