import type { Plan, PlannedStage } from '@sluice/pipelines/plan/plan';
import { envBelow } from '@sluice/pipelines/plan/stage-context';
import { registriesSecret, secretNamesOf } from '@sluice/pipelines/plan/stage-secrets';
import { findStage } from '@sluice/pipelines/run/find-stage';
import type { ServerContext } from '../context.ts';
import type { ArtifactRow } from '../store/artifact-store.ts';
import { findRepositories, type Repository } from '../store/repository-store.ts';
import { findRunFrames } from '../store/run-store.ts';
import { readSecretsOf } from '../store/secret-store.ts';
import { findArtifactsFor } from './find-artifacts.ts';

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
  /** Of stages before, for the workspace, in the order of the plan. */
  readonly artifacts: readonly ArtifactRow[];
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
    const planned = frame === undefined ? undefined : findStage(frame.plan, stage);
    if (frame === undefined || planned === undefined) return null;
    return { runId, frame, stage: planned, names: namesOf(frame.plan, planned) };
  });
  const known = wanted.filter((each) => each !== null);
  const [repositories, secrets, artifacts] = await Promise.all([
    findRepositories(
      context,
      known.map(({ frame }) => frame.repositoryId),
    ),
    readSecretsOf(
      context,
      known.map(({ frame, names }) => ({ project: frame.project, names })),
    ),
    Promise.all(
      known.map(({ runId, frame, stage }) => findArtifactsFor(context.db, runId, frame.plan, stage)),
    ),
  ]);
  const [foundSecrets, foundArtifacts] = [secrets.values(), artifacts.values()];
  return wanted.map((each) =>
    each === null
      ? null
      : {
          repository: repositories.get(each.frame.repositoryId) ?? null,
          secrets: foundSecrets.next().value ?? {},
          artifacts: foundArtifacts.next().value ?? [],
        },
  );
}

const namesOf = (plan: Plan, stage: PlannedStage): readonly string[] => [
  ...secretNamesOf({ ...envBelow(plan, stage, (id) => findStage(plan, id)), ...stage.env }, stage.work),
  registriesSecret,
];
