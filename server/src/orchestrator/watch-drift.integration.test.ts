import { channelConfig } from '@sluice/pipelines/notify/notify-event';
import type { DriftReport } from '@sluice/pipelines/protocol/drift';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import { startRollout } from '@sluice/pipelines/rollout/advance-rollout';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { aSpec } from '@sluice/pipelines/rollout/rollout-rig';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openServerLog } from '../ingest/server-log.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { listNotifications, saveChannel } from '../store/notification-store.ts';
import { insertRelease } from '../store/release-store.ts';
import { insertRollout } from '../store/rollout-store.ts';
import { environmentViews } from '../views/environment-view.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { inUnit } from './unit.ts';
import { hearDrift, nextDriftLook } from './watch-drift.ts';

type Found = Extract<DriftReport['seen'], { readonly kind: 'found' }>;

describe.skipIf(redisUrl === undefined)('drift of environments (needs REDIS_URL)', () => {
  let core: TestCore;
  const asReleased: Found = {
    kind: 'found',
    version: 'r1-aaaaaaa',
    image: 'shop@sha256:1',
    replicas: 3,
    weightPercent: null,
    changedBy: { image: null, replicas: null },
  };
  beforeAll(async () => {
    core = await openTestCore();
    const config = channelConfig.parse({
      kind: 'slack',
      url: 'https://hooks.slack.com/x',
      rules: [{ events: ['drift'] }],
    });
    await inUnit(core.context, ({ trx, at }) =>
      saveChannel(trx, core.context.sealer, { name: 'ops', config, at }),
    );
  });
  afterAll(() => core.close());

  const docker = { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 80 } as const;
  const cluster = {
    kind: 'kubernetes',
    namespace: 'shop',
    kubeconfigSecret: null,
    prometheusUrl: null,
  } as const;

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
      await unit.trx
        .updateTable('rollouts')
        .set({ status: 'ended', finished_at: unit.at })
        .where('id', '=', id)
        .execute();
      await insertRelease(unit.trx, {
        id: unit.newId(),
        environment: name,
        rollout_id: id,
        run_id: runId,
        version: spec.version,
        image: spec.image,
        commit_sha: 'a'.repeat(40),
        by: 'ada',
        at: unit.at,
        outcome: 'succeeded',
        reason: null,
        work: spec.work,
        cluster: null,
      });
    });
  }
  const next = (environments: readonly string[] = []) =>
    nextDriftLook(core.context, { workerId: 'w', environments: [...environments] });
  const view = async (name: string) =>
    (await environmentViews(core.context.db, core.context.now())).find((each) => each.name === name)?.drift;
  const told = async () =>
    (await listNotifications(core.context.db, 50)).filter(({ kind }) => kind === 'drift').length;

  test('what was changed by hand is shown with who did it, told once, and over when it is repaired', async () => {
    await released('production', cluster);
    const look = await next();
    expect(look).toMatchObject({ environment: 'production', kubeconfig: null, target: cluster });
    expect(await next()).toBeNull();
    const fence = look?.fence ?? 0;
    const changed = {
      ...asReleased,
      image: 'shop:hotfix',
      replicas: 1,
      changedBy: { image: 'kubectl-set', replicas: 'kubectl' },
    };
    await hearDrift(core.context, 'production', { fence, seen: changed });
    expect(await view('production')).toMatchObject({
      problem: null,
      since: expect.any(Number),
      differences: [
        { what: 'image', expected: 'shop@sha256:1', found: 'shop:hotfix', by: 'kubectl-set' },
        { what: 'replicas', expected: '3', found: '1', by: 'kubectl' },
      ],
    });
    expect(await told()).toBe(1);
    expect(await next()).toBeNull();
    core.passTime(5 * 60_000);
    const again = (await next())?.fence ?? 0;
    expect(again).toBeGreaterThan(fence);
    await hearDrift(core.context, 'production', { fence, seen: { kind: 'gone' } });
    await hearDrift(core.context, 'production', {
      fence: again,
      seen: { ...changed, image: 'shop@sha256:1' },
    });
    expect((await view('production'))?.differences).toHaveLength(1);
    expect(await told()).toBe(1);
    core.passTime(5 * 60_000);
    await hearDrift(core.context, 'production', { fence: (await next())?.fence ?? 0, seen: asReleased });
    expect(await view('production')).toMatchObject({ since: null, differences: [] });
  });

  test('what cannot be read says why, and keeps what was known', async () => {
    await released('walled', { ...cluster, kubeconfigSecret: 'missing-one' });
    expect(await next()).toBeNull();
    expect((await view('walled'))?.problem).toContain('"missing-one"');
    await inUnit(core.context, ({ trx }) => saveEnvironment(trx, { name: 'walled', target: cluster, at: 0 }));
    core.passTime(5 * 60_000);
    for (;;) {
      const look = await next();
      if (look === null) break;
      const isWalled = look.environment === 'walled';
      const seen = isWalled ? ({ kind: 'unreadable', message: 'forbidden' } as const) : asReleased;
      await hearDrift(core.context, look.environment, { fence: look.fence, seen });
    }
    expect(await view('walled')).toMatchObject({ problem: 'forbidden', differences: [] });
  });

  test('a service on a Docker host is looked at by the worker that has it, and none during a rollout', async () => {
    await released('host', docker);
    await released('busy', docker, true);
    core.passTime(5 * 60_000);
    const looks = new Set<string>();
    for (let look = await next(); look !== null; look = await next()) looks.add(look.environment);
    expect(looks).not.toContain('host');
    for (let count = 0; count < 10; count += 1) looks.add((await next(['host', 'busy']))?.environment ?? '');
    expect(looks).toContain('host');
    expect(looks).not.toContain('busy');
  });
});
