import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { PreflightView } from '@sluice/pipelines/protocol/api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { analysesOf } from '@sluice/pipelines/rollout/analyses';
import { pastHour } from '@sluice/pipelines/rollout/past-hour';
import { preflight } from '@sluice/pipelines/rollout/preflight';
import { preflightLines } from '@sluice/pipelines/rollout/preflight-lines';
import type { Database } from '../store/database.ts';
import { findEnvironment } from '../store/environment-store.ts';
import { findKnownPast } from '../store/past-store.ts';
import { listReleases } from '../store/release-store.ts';

export interface NoPreflight {
  readonly reason: 'unknown-environment' | 'no-release' | 'past-unknown' | 'nothing-to-decide';
  readonly message: string;
}

/** The gate on what is known of an environment's past, with the settings of `work`, or of its last release. */
export async function preflightView(
  db: Database,
  environment: string,
  work: DeployWork | null,
): Promise<Result<PreflightView, NoPreflight>> {
  if ((await findEnvironment(db, environment)) === null) {
    return err({ reason: 'unknown-environment', message: `There is no environment "${environment}".` });
  }
  const settings = work ?? (await lastJudged(db, environment));
  if (settings === null) {
    const message = `Nothing was released to "${environment}" with an analysis lately: send a pipeline file, whose settings are tried.`;
    return err({ reason: 'no-release', message });
  }
  const known = await findKnownPast(db, environment);
  if (known === null) {
    const message = `The past of "${environment}" is not known: it is read when a rollout with an analysis begins, from a Prometheus that has counted the service for a while.`;
    return err({ reason: 'past-unknown', message });
  }
  const past = Object.fromEntries(
    Object.entries(known.history).map(([metric, history]) => [metric, pastHour(history)]),
  );
  const found = preflight(settings, known.days, past);
  if (found === null) {
    const message =
      'These settings have no analysis, or none of a metric whose past is known: the gate would decide nothing.';
    return err({ reason: 'nothing-to-decide', message });
  }
  const first = analysesOf(settings.steps)[0]?.percent ?? null;
  return ok({ environment, readAt: known.at, preflight: found, lines: preflightLines(found, first) });
}

const releasesToSearch = 20;

/** A rollback, for one, has no analysis; null: none of the last ones had. */
async function lastJudged(db: Database, environment: string): Promise<DeployWork | null> {
  const releases = await listReleases(db, environment, releasesToSearch);
  return releases.find(({ work }) => analysesOf(work.steps).length > 0)?.work ?? null;
}
