// One trial after another at one place: the version that runs there stays the reference of the next one.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ReplayView, RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { endedRun, eventually, runOf, type SluiceRig } from '../rig/sluice.ts';
import type { Place } from './place.ts';
import { pipelineOf } from './trial-pipeline.ts';
import { decidedAt, firstBadAt, problemsOf, type Behaviour, type Trial, type TrialOutcome } from './trial.ts';
import { since, startUsers } from './users.ts';

export interface Trials {
  readonly sluice: SluiceRig;
  readonly place: Place;
  readonly trials: readonly Trial[];
  /** Requests of all users together. */
  readonly perSecond: number;
  readonly baseImage: string;
  readonly registry: string;
  readonly say: (line: string) => void;
  readonly ended: (outcome: TrialOutcome) => void;
}

/** As good as the versions that came before: it fails nobody. */
export const usual: Behaviour = { errorRate: 0, medianMs: 15 };

/** Longest that a trial may take. */
const patienceMs = 40 * 60_000;

/** Rejects when the first version cannot be delivered; what goes wrong in a trial is part of its outcome. */
export async function carryOut({ sluice, place, trials, ended, ...how }: Trials): Promise<void> {
  const { api } = sluice;
  await api.call('PUT', '/api/environments/trials', place.environment);
  const repository = await sluice.repository(`trial-${place.provider}`);
  const write = (trial: Pick<Trial, 'strategy' | 'keys' | 'fewestRequests' | 'behaviour'>, message: string) =>
    repository.push(
      {
        ...serviceFiles,
        ...place.files,
        'behaviour.json': JSON.stringify(trial.behaviour),
        '.sluice.yml': pipelineOf({ place, trial, ...how }),
      },
      message,
    );
  const first = await endedRun(
    api,
    await write({ strategy: 'rolling', keys: [], fewestRequests: 0, behaviour: usual }, 'the first version'),
  );
  if (first.status !== 'succeeded') throw new Error(`the first version: ${whyNot(first)}`);

  const users = startUsers(place.address(), how.perSecond, place.keepAlive);
  try {
    for (const trial of trials) {
      how.say(`${place.provider}: ${trial.strategy}, ${trial.version} …`);
      const commit = await write(trial, `${trial.strategy}: ${trial.version}`);
      const { id } = await runOf(api, commit);
      await eventually(
        'the rollout',
        async () => ((await newestRollout(sluice, id)) ? true : null),
        patienceMs,
      );
      const before = users.seen();
      const run = await endedRun(api, commit, patienceMs);
      await users.answered();
      ended(await outcomeOf(sluice, trial, run, before, users.seen()));
    }
  } finally {
    users.stop();
  }
}

async function outcomeOf(
  sluice: SluiceRig,
  trial: Trial,
  run: RunView,
  before: Parameters<typeof since>[0],
  after: Parameters<typeof since>[1],
): Promise<TrialOutcome> {
  const view = await newestRollout(sluice, run.id);
  if (view === null) throw new Error(`run ${run.number} has no rollout: ${whyNot(run)}`);
  const replay = await sluice.api.call<ReplayView>('GET', `/api/rollouts/${view.id}/replay`);
  const { phase, spec, startedAt } = view.rollout;
  const version = after.versions.get(spec.version);
  const firstBad = trial.ends === 'rolled-back' ? firstBadAt(view) : null;
  const decided = decidedAt(view);
  const outcome = {
    trial,
    phase: phase.name,
    ...since(before, after),
    tookMs: ('at' in phase ? phase.at : Date.now()) - startedAt,
    badForMs: firstBad === null || version === undefined ? null : Math.max(0, version.lastAt - firstBad),
    evidenceMs: firstBad === null || decided === null ? null : Math.max(0, decided - firstBad),
    newAnswers: version?.answers ?? 0,
    isReplayed: replay.isSame && replay.brokenChainAt === null,
    why: view.decisions.findLast(({ kind }) => kind === 'roll-back' || kind === 'refuse')?.reason ?? null,
  };
  return { ...outcome, problems: problemsOf(outcome) };
}

async function newestRollout({ api }: SluiceRig, runId: string): Promise<RolloutView | null> {
  const run = await api.call<RunView>('GET', `/api/runs/${runId}`);
  const rollout = run.rollouts.at(-1);
  if (rollout === undefined && run.finishedAt !== null) throw new Error(`no rollout: ${whyNot(run)}`);
  return rollout === undefined ? null : api.call<RolloutView>('GET', `/api/rollouts/${rollout.id}`);
}

function whyNot(run: RunView): string {
  const stages = Object.entries(run.state?.stages ?? {});
  const failures = stages.flatMap(([id, stage]) =>
    stage.status === 'failed' ? [`${id}: ${stage.failure.message}`] : [],
  );
  return [...run.diagnostics.map(({ message }) => message), ...failures].join('; ') || run.status;
}

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

const serviceFiles = {
  Dockerfile: read('service/Dockerfile'),
  'service.mjs': read('service/service.mjs'),
  'metrics.mjs': read('../../examples/hello/metrics.mjs'),
};
