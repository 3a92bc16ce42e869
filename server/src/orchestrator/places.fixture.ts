// For tests: places in which something was released, and a worker that looks at them as the test says.
import type { DriftLook, DriftReport } from '@sluice/pipelines/protocol/drift';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import { startRollout } from '@sluice/pipelines/rollout/advance-rollout';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { aSpec } from '@sluice/pipelines/rollout/rollout-rig';
import { openServerLog } from '../ingest/server-log.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { insertRelease, listReleases } from '../store/release-store.ts';
import { findRollout, insertRollout } from '../store/rollout-store.ts';
import { checkEnvironment } from './check-environment.ts';
import type { TestCore } from './test-core.ts';
import { inUnit, type Unit } from './unit.ts';
import { hearDrift, nextDriftLook } from './watch-drift.ts';

export type Found = Extract<DriftReport['seen'], { readonly kind: 'found' }>;

/** What `released` has left, as a worker finds it. */
export const asReleased: Found = {
  kind: 'found',
  version: 'r1-aaaaaaa',
  image: 'shop@sha256:1',
  replicas: 3,
  weightPercent: null,
  changedBy: { image: null, replicas: null },
};

export const docker = { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 80 } as const;
export const kubernetes = {
  kind: 'kubernetes',
  namespace: 'shop',
  kubeconfigSecret: null,
  prometheusUrl: null,
} as const;

export const fleetOf = (...names: readonly string[]): EnvironmentTarget => ({
  kind: 'clusters',
  clusters: names.map((name) => ({ name, partition: null, instancesPercent: 100, target: kubernetes })),
});

export type PlacesRig = ReturnType<typeof openPlaces>;

export function openPlaces(core: TestCore) {
  /** An environment in which something was released; `isOpen`: with a rollout under way. */
  async function released(name: string, target: EnvironmentTarget, isOpen = false): Promise<void> {
    const runId = await core.start(aPlan().stage('deploy').done());
    await inUnit(core.context, async (unit) => {
      await saveEnvironment(unit.trx, { name, target, at: unit.at });
      const attemptId = await openServerLog(unit, { runId, stage: 'deploy', attempt: 1 });
      const spec = { ...aSpec(), environment: name, version: 'r1-aaaaaaa', image: 'shop@sha256:1' };
      const side = { version: spec.version, image: spec.image, replicas: 3, ready: 3, weightPercent: 100 };
      const facts = { stable: { ...side, problem: null }, canary: null, address: null };
      const id = unit.newId();
      const state = { ...startRollout(spec, unit.at), facts };
      const place = { runId, stage: 'deploy', attempt: 1, attemptId, environment: name };
      await insertRollout(unit.trx, { ...place, id, status: 'active', state, at: unit.at });
      if (isOpen) return;
      await endWithRelease(unit, id, null);
    });
  }

  /** Each of these clusters has a release of its own, of that many replicas and the newest version. */
  async function releasedIn(name: string, replicas: Readonly<Record<string, number>>): Promise<void> {
    await released(name, fleetOf(...Object.keys(replicas)));
    await inUnit(core.context, async (unit) => {
      const [leader] = (await listReleases(unit.trx, name, 1)).map((release) => release.rollout_id);
      const led = await findRollout(unit.trx, leader ?? '');
      if (led === undefined) throw new Error('the leader is missing');
      for (const [cluster, count] of Object.entries(replicas)) {
        const { spec, facts } = led.state;
        const stable = facts?.stable ?? null;
        const own = { ...spec, cluster, version: `r2-${cluster}` };
        const side = stable === null ? null : { ...stable, version: own.version, replicas: count };
        const state = { ...led.state, spec: own, facts: { stable: side, canary: null, address: null } };
        const id = unit.newId();
        const { run_id: runId, stage, attempt, attempt_id: attemptId, environment } = led;
        const place = { runId, stage, attempt, attemptId, environment };
        const under = { parentId: led.id, cluster, round: 0 };
        await insertRollout(unit.trx, { ...place, id, status: 'active', state, at: unit.at, led: under });
        await endWithRelease(unit, id, cluster);
      }
    });
  }

  async function endWithRelease(unit: Unit, id: string, cluster: string | null): Promise<void> {
    await unit.trx
      .updateTable('rollouts')
      .set({ status: 'ended', finished_at: unit.at })
      .where('id', '=', id)
      .execute();
    const rollout = await findRollout(unit.trx, id);
    if (rollout === undefined) throw new Error('the rollout is missing');
    const { spec } = rollout.state;
    await insertRelease(unit.trx, {
      id: unit.newId(),
      environment: rollout.environment,
      rollout_id: id,
      run_id: rollout.run_id,
      version: spec.version,
      image: spec.image,
      commit_sha: 'a'.repeat(40),
      by: 'ada',
      at: unit.at,
      outcome: 'succeeded',
      reason: null,
      work: spec.work,
      cluster,
    });
  }

  const next = (environments: readonly string[] = []) =>
    nextDriftLook(core.context, { workerId: 'w', environments: [...environments], services: [] });
  const hear = (environment: string, report: Partial<DriftReport> & Pick<DriftReport, 'fence' | 'seen'>) =>
    hearDrift(core.context, environment, { cluster: null, missingRights: null, ...report });
  const ada = { user: 'ada', from: null };
  const check = (name: string, cluster: string | null = null) =>
    checkEnvironment(core.context, name, cluster, ada);
  /** Answers every look that is due, of these environments as `seen` says, and names what was looked at. */
  async function lookAtAll(seen: (look: DriftLook) => DriftReport['seen']): Promise<readonly string[]> {
    const names: string[] = [];
    for (let look = await next(); look !== null; look = await next()) {
      names.push(`${look.environment}/${look.cluster ?? ''}`);
      await hear(look.environment, { cluster: look.cluster, fence: look.fence, seen: seen(look) });
    }
    return names;
  }
  return { released, releasedIn, next, hear, lookAtAll, check };
}
