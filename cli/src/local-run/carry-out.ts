// Attempts of a run on this machine, by the worker's own code: the server's part (secrets, artifacts, the claim) is here.
import { randomUUID } from 'node:crypto';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { artifactSources } from '@sluice/pipelines/plan/artifact-sources';
import { resolveStage } from '@sluice/pipelines/plan/resolve-stage';
import { secretNamesOf, type Secrets } from '@sluice/pipelines/plan/stage-secrets';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import { makeClaim } from '@sluice/pipelines/protocol/make-claim';
import type { ClaimedArtifact } from '@sluice/pipelines/protocol/kept-files';
import { defaultStepLogBytes, type Claim } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RunEvent, RunState, StageOutcome } from '@sluice/pipelines/run/run-state';
import { createLiveAttempt, type LiveAttempt } from '@sluice/worker/stages/live-attempt';
import type { AttemptPlace } from './fold-run.ts';
import type { LocalArtifact } from './local-door.ts';

export interface RunFacts {
  readonly id: string;
  readonly number: number;
  readonly plan: Plan;
  readonly secrets: Secrets;
}

export interface AttemptsOptions {
  readonly run: RunFacts;
  /** Carries one claim out, as a worker does; reports by the door. */
  readonly runAttempt: (claim: Claim, attempt: LiveAttempt) => Promise<void>;
  readonly fold: (event: RunEvent) => void;
  /** Of stages of this run, and of those that it keeps from a run before. */
  readonly artifacts: readonly LocalArtifact[];
  readonly now: () => number;
}

export interface Attempts {
  readonly carryOut: (place: AttemptPlace, state: RunState) => Promise<void>;
  readonly stop: (place: AttemptPlace, reason: string, isForced: boolean) => void;
  /** Null: there is no such attempt. */
  readonly placeOf: (attemptId: string) => AttemptPlace | null;
}

/** Names this place in labels of containers, beside the run's id. */
export const localInstallation = 'local';

export function localAttempts({ run, runAttempt, fold, artifacts, now }: AttemptsOptions): Attempts {
  const live = new Map<string, LiveAttempt>();
  const places = new Map<string, AttemptPlace>();
  const keyOf = ({ stage, attempt }: AttemptPlace): string => `${attempt} ${stage}`;
  return {
    placeOf: (attemptId) => places.get(attemptId) ?? null,
    stop: (place, reason, isForced) => {
      const attempt = live.get(keyOf(place));
      attempt?.stop({ kind: 'cancelled', reason });
      if (isForced) attempt?.force();
    },
    carryOut: async ({ stage, attempt }, state) => {
      const place = { stage, attempt };
      const finish = (outcome: StageOutcome): void =>
        fold({ kind: 'stage-finished', ...place, outcome, at: now() });
      const claimed = claimFor(run, state, place, artifacts);
      if (!claimed.ok) {
        finish({ result: 'failed', failure: { class: 'failed', message: claimed.error, exitCode: null } });
        return;
      }
      const claim = claimed.value;
      const attemptOf = createLiveAttempt(claim.attemptId, claim.fence);
      live.set(keyOf(place), attemptOf);
      places.set(claim.attemptId, place);
      fold({ kind: 'stage-claimed', ...place, worker: 'this machine', at: now() });
      try {
        await runAttempt(claim, attemptOf);
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        const message = `The stage could not be carried out: ${said}. This is not the pipeline's fault.`;
        finish({ result: 'failed', failure: { class: 'infrastructure', message, exitCode: null } });
      } finally {
        live.delete(keyOf(place));
      }
    },
  };
}

function claimFor(
  { id, number, plan, secrets }: RunFacts,
  state: RunState,
  { stage: stageId, attempt }: AttemptPlace,
  artifacts: readonly LocalArtifact[],
): Result<Claim, string> {
  const resolved = resolveStage(plan, state, stageId, { id, number });
  if (!resolved.ok) return resolved;
  const stage = resolved.value;
  const missing = whichSecretsMiss(secretNamesOf(stage.env, stage.work), secrets);
  if (missing !== null) return err(missing);
  const { trigger } = plan;
  const { repository } = trigger;
  const run = { id, number, project: 'local', repository, plan, state };
  const checkout = {
    repositoryId: 'local',
    url: '',
    commit: trigger.commit.sha,
    username: null,
    password: null,
  };
  return ok(
    makeClaim(
      run,
      stage,
      { secrets, checkout, artifacts: artifactsFor(plan, state, stageId, artifacts) },
      {
        installation: localInstallation,
        attemptId: randomUUID(),
        attempt,
        fence: 1,
        stepLogBytes: defaultStepLogBytes,
      },
    ),
  );
}

/** Names what is missing and how to give it; null: nothing is. */
export function whichSecretsMiss(names: readonly string[], secrets: Secrets): string | null {
  const missing = names.filter((name) => !Object.hasOwn(secrets, name));
  if (missing.length === 0) return null;
  const [first = ''] = missing;
  const which = missing.map((name) => `"${name}"`).join(', ');
  return (
    `this run has no secret ${which}: give it with --secret ${first}=…, ` +
    `or with --secret ${first} from the environment, then run it again`
  );
}

/** Of each source the last that it kept; of one whose combinations a run before had made, of each of them. */
function artifactsFor(
  plan: Plan,
  state: RunState,
  stageId: string,
  artifacts: readonly LocalArtifact[],
): readonly ClaimedArtifact[] {
  const whole = wholePlan(plan, state);
  const stage = whole.stages.find(({ id }) => id === stageId);
  if (stage === undefined) return [];
  return artifactSources(whole, stage).flatMap((source) => {
    const own = artifacts.filter((each) => each.stage === source || each.stage.startsWith(`${source} (`));
    const last = new Map(own.toSorted((a, b) => a.attempt - b.attempt).map((each) => [each.stage, each]));
    return [...last.values()].map(({ id, stage: from, sha256, bytes }) => ({
      id,
      stage: from,
      sha256,
      bytes,
    }));
  });
}
