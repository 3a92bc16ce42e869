import { channelConfig } from '@sluice/pipelines/notify/notify-event';
import type { DriftLook, DriftReport } from '@sluice/pipelines/protocol/drift';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import { startRollout } from '@sluice/pipelines/rollout/advance-rollout';
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { aSpec } from '@sluice/pipelines/rollout/rollout-rig';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openServerLog } from '../ingest/server-log.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { listNotifications, saveChannel } from '../store/notification-store.ts';
import { keepLooks, listLooks } from '../store/drift-store.ts';
import { insertRelease, listReleases } from '../store/release-store.ts';
import { findRollout, insertRollout } from '../store/rollout-store.ts';
import { listAudit } from '../store/audit-store.ts';
import { writeSecret } from '../store/secret-store.ts';
import { environmentCheckView } from '../views/environment-check-view.ts';
import { environmentViews } from '../views/environment-view.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { checkEnvironment } from './check-environment.ts';
import { inUnit, type Unit } from './unit.ts';
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
  const kubernetes = {
    kind: 'kubernetes',
    namespace: 'shop',
    kubeconfigSecret: null,
    prometheusUrl: null,
  } as const;

  const fleetOf = (...names: readonly string[]): EnvironmentTarget => ({
    kind: 'clusters',
    clusters: names.map((name) => ({ name, partition: null, instancesPercent: 100, target: kubernetes })),
  });

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
  const view = async (name: string) =>
    (await environmentViews(core.context.db, core.context.now())).find((each) => each.name === name)?.drift;
  const told = async () =>
    (await listNotifications(core.context.db, 50)).filter(({ kind }) => kind === 'drift').length;

  test('what was changed by hand is shown with who did it, told once, and over when it is repaired', async () => {
    await released('production', kubernetes);
    const look = await next();
    expect(look).toMatchObject({
      environment: 'production',
      cluster: null,
      kubeconfig: null,
      target: kubernetes,
      released: {},
    });
    expect(await next()).toBeNull();
    const fence = look?.fence ?? 0;
    const changed = {
      ...asReleased,
      image: 'shop:hotfix',
      replicas: 1,
      changedBy: { image: 'kubectl-set', replicas: 'kubectl' },
    };
    await hear('production', { fence, seen: changed });
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
    await hear('production', { fence, seen: { kind: 'gone' } });
    await hear('production', {
      fence: again,
      seen: { ...changed, image: 'shop@sha256:1' },
    });
    expect((await view('production'))?.differences).toHaveLength(1);
    expect(await told()).toBe(1);
    core.passTime(5 * 60_000);
    await hear('production', { fence: (await next())?.fence ?? 0, seen: asReleased });
    expect(await view('production')).toMatchObject({ since: null, differences: [] });
  });

  test('what cannot be read says why, and keeps what was known', async () => {
    await released('walled', { ...kubernetes, kubeconfigSecret: 'missing-one' });
    expect(await next()).toBeNull();
    expect((await view('walled'))?.problem).toContain('"missing-one"');
    await inUnit(core.context, ({ trx }) =>
      saveEnvironment(trx, { name: 'walled', target: kubernetes, at: 0 }),
    );
    core.passTime(5 * 60_000);
    for (let look = await next(); look !== null; look = await next()) {
      const isWalled = look.environment === 'walled';
      const seen = isWalled ? ({ kind: 'unreadable', message: 'forbidden' } as const) : asReleased;
      await hear(look.environment, { fence: look.fence, seen });
    }
    expect(await view('walled')).toMatchObject({ problem: 'forbidden', differences: [] });
  });

  test('a service on a Docker host is looked at by the worker that has it, and none during a rollout', async () => {
    await released('host', docker);
    await released('busy', docker);
    await released('busy', docker, true);
    core.passTime(5 * 60_000);
    const looks = new Set<string>();
    for (let look = await next(); look !== null; look = await next()) looks.add(look.environment);
    expect(looks).not.toContain('host');
    for (let count = 0; count < 10; count += 1) looks.add((await next(['host', 'busy']))?.environment ?? '');
    expect(looks).toContain('host');
    expect(looks).not.toContain('busy');
  });

  test('what was seen before a rollout began is not kept', async () => {
    await released('turning', kubernetes);
    await check('turning');
    const look = await next();
    expect(look?.environment).toBe('turning');
    await released('turning', kubernetes, true);
    await hear('turning', { fence: look?.fence ?? 0, seen: { kind: 'gone' } });
    const stored = (await listLooks(core.context.db, 'turning')).values();
    expect([...stored]).toMatchObject([{ drift: null, lookedAt: null }]);
  });

  test('one whose secret is missing does not keep others waiting', async () => {
    await released('locked', { ...kubernetes, kubeconfigSecret: 'missing-one' });
    await released('ajar', kubernetes);
    await check('locked');
    core.passTime(1_000);
    await check('ajar');
    expect(await next()).toMatchObject({ environment: 'ajar' });
    expect((await view('locked'))?.problem).toContain('"missing-one"');
  });

  /** Answers every look that is due, of these environments as `seen` says, and names what was looked at. */
  async function lookAtAll(seen: (look: DriftLook) => DriftReport['seen']): Promise<readonly string[]> {
    const names: string[] = [];
    for (let look = await next(); look !== null; look = await next()) {
      names.push(`${look.environment}/${look.cluster ?? ''}`);
      await hear(look.environment, { cluster: look.cluster, fence: look.fence, seen: seen(look) });
    }
    return names;
  }
  const clusterView = async (name: string, cluster: string) => {
    const all = await environmentViews(core.context.db, core.context.now());
    const found = all.find((each) => each.name === name)?.clusters;
    return found?.find((each) => each.name === cluster)?.drift;
  };
  const ada = { user: 'ada', from: null };
  const check = (name: string, cluster: string | null = null) =>
    checkEnvironment(core.context, name, cluster, ada);
  const checked = async (name: string) => (await environmentCheckView(core.context.db, name))?.places;

  test('each cluster is compared with what was released in it, by its own replicas', async () => {
    await releasedIn('fleet', { a: 4, b: 2 });
    const before = await told();
    const runs = (look: DriftLook): Found => ({
      ...asReleased,
      version: look.cluster === null ? 'r1-aaaaaaa' : `r2-${look.cluster}`,
      replicas: look.cluster === null ? 3 : 2,
    });
    core.passTime(5 * 60_000);
    const looks = await lookAtAll(runs);
    expect(looks.filter((each) => each.startsWith('fleet/')).toSorted()).toEqual(['fleet/a', 'fleet/b']);
    expect((await clusterView('fleet', 'a'))?.differences).toEqual([
      { what: 'replicas', expected: '4', found: '2', by: null },
    ]);
    expect(await clusterView('fleet', 'b')).toMatchObject({
      since: null,
      differences: [],
      runs: { version: 'r2-b', replicas: 2 },
    });
    expect(await told()).toBe(before + 1);
    const newest = core.context.db.selectFrom('notifications').select('event').orderBy('created_at', 'desc');
    expect((await newest.executeTakeFirst())?.event.reason).toContain('cluster "a": replicas');
    expect(await lookAtAll(runs)).toEqual([]);
  });

  test('a hundred clusters are all looked at, those that fail no more often than the others', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
    await releasedIn('many', Object.fromEntries(names.map((name) => [name, 1])));
    core.passTime(5 * 60_000);
    const seen = { kind: 'unreadable', message: 'does not answer' } as const;
    const looks = await lookAtAll(() => seen);
    const ofMany = looks.filter((each) => each.startsWith('many/'));
    expect(new Set(ofMany).size).toBe(100);
    expect(ofMany).toHaveLength(100);
  });

  test('a cluster that was taken out of its environment is forgotten, with the report of who still looked', async () => {
    await releasedIn('shrinking', { a: 1, b: 1 });
    expect(await check('shrinking', 'b')).toMatchObject({ ok: true });
    const look = await next();
    expect(look).toMatchObject({ environment: 'shrinking', cluster: 'b' });
    await inUnit(core.context, async ({ trx, at }) => {
      await saveEnvironment(trx, { name: 'shrinking', target: fleetOf('a'), at });
      await keepLooks(trx, 'shrinking', ['a']);
    });
    await hear('shrinking', { cluster: 'b', fence: look?.fence ?? 0, seen: { kind: 'gone' } });
    await inUnit(core.context, ({ trx, at }) =>
      saveEnvironment(trx, { name: 'shrinking', target: fleetOf('a', 'b'), at }),
    );
    expect(await clusterView('shrinking', 'b')).toBeNull();
  });

  test('missing rights are kept with the look, and gone with the next that has them', async () => {
    await releasedIn('poor', { a: 1 });
    const missingRights = [{ apiGroup: '', resource: 'pods', name: null, verbs: ['list'] }];
    const seen = { ...asReleased, version: 'r2-a', replicas: 1 };
    for (const missing of [missingRights, []]) {
      await check('poor');
      const fence = (await next())?.fence ?? 0;
      await hear('poor', { cluster: 'a', fence, seen, missingRights: missing });
      expect((await clusterView('poor', 'a'))?.missingRights).toEqual(missing);
    }
  });

  test('a check has places looked at that have no release yet, before all others, and is over with the look', async () => {
    await inUnit(core.context, ({ trx, at }) =>
      saveEnvironment(trx, { name: 'fresh', target: fleetOf('a', 'b'), at }),
    );
    core.passTime(5 * 60_000);
    expect((await lookAtAll(() => asReleased)).filter((each) => each.startsWith('fresh'))).toEqual([]);
    core.passTime(5 * 60_000);
    expect(await check('fresh', 'b')).toMatchObject({ ok: true });
    expect(await checked('fresh')).toMatchObject([
      { cluster: 'a', look: { isAwaited: false } },
      { cluster: 'b', look: { isAwaited: true } },
    ]);
    const look = await next();
    expect(look).toMatchObject({ environment: 'fresh', cluster: 'b', released: null });
    await hear('fresh', { cluster: 'b', fence: look?.fence ?? 0, seen: { kind: 'gone' }, missingRights: [] });
    expect((await checked('fresh'))?.[1]).toMatchObject({
      kind: 'kubernetes',
      current: null,
      look: { isAwaited: false, problem: null, differences: [], missingRights: [] },
    });
    const [entry] = await listAudit(core.context.db, { before: null, limit: 1 });
    expect(entry).toMatchObject({ who: 'ada', action: 'environment-checked', subject: 'fresh' });
  });

  test('a look that had begun before a check does not answer it', async () => {
    await releasedIn('twice', { a: 1 });
    await check('twice');
    const first = (await next())?.fence ?? 0;
    await check('twice');
    await hear('twice', { cluster: 'a', fence: first, seen: asReleased });
    expect((await checked('twice'))?.[0]?.look?.isAwaited).toBe(true);
    expect(await next()).toMatchObject({ environment: 'twice', cluster: 'a' });
  });

  test('a check is refused where there is nothing to look at, and while a rollout changes it', async () => {
    await released('rolling', kubernetes, true);
    const reasons = [await check('nowhere'), await check('fleet', 'z'), await check('rolling')];
    expect(reasons.map((each) => (each.ok ? null : each.error.reason))).toEqual([
      'unknown-environment',
      'unknown-cluster',
      'rollout-under-way',
    ]);
  });

  test('before the first release the kubeconfig is that of the only project with such a secret', async () => {
    const target = { ...kubernetes, kubeconfigSecret: 'config-of-new' };
    await inUnit(core.context, ({ trx, at }) => saveEnvironment(trx, { name: 'new', target, at }));
    const write = (project: string) =>
      writeSecret(core.context, { project, name: 'config-of-new', value: `of ${project}`, by: 'ada', at: 0 });
    await write('web');
    await check('new');
    expect(await next()).toMatchObject({ environment: 'new', kubeconfig: 'of web' });
    await write('shop');
    await check('new');
    await lookAtAll(() => asReleased);
    expect((await view('new'))?.problem).toContain('is in several projects (shop, web)');
  });

  test('a worker of an older version is given no clusters', async () => {
    await releasedIn('modern', { a: 1 });
    await check('modern');
    expect((await nextDriftLook(core.context, { workerId: 'old', environments: [] }))?.environment).not.toBe(
      'modern',
    );
    expect(await next()).toMatchObject({ environment: 'modern' });
  });
});
