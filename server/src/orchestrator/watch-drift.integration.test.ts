import type { DriftLook } from '@sluice/pipelines/protocol/drift';
import { channelConfig } from '@sluice/pipelines/notify/notify-event';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveEnvironment } from '../store/environment-store.ts';
import { listNotifications, saveChannel } from '../store/notification-store.ts';
import { keepLooks, listLooks } from '../store/drift-store.ts';
import { environmentViews } from '../views/environment-view.ts';
import {
  asReleased,
  docker,
  fleetOf,
  kubernetes,
  openPlaces,
  type Found,
  type PlacesRig,
} from './places.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { inUnit } from './unit.ts';
import { nextDriftLook } from './watch-drift.ts';

describe.skipIf(redisUrl === undefined)('drift of environments (needs REDIS_URL)', () => {
  let core: TestCore;
  let rig: PlacesRig;
  beforeAll(async () => {
    core = await openTestCore();
    rig = openPlaces(core);
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

  const view = async (name: string) =>
    (await environmentViews(core.context.db, core.context.now())).find((each) => each.name === name)?.drift;
  const clusterView = async (name: string, cluster: string) => {
    const all = await environmentViews(core.context.db, core.context.now());
    const found = all.find((each) => each.name === name)?.clusters;
    return found?.find((each) => each.name === cluster)?.drift;
  };
  const told = async () =>
    (await listNotifications(core.context.db, 50)).filter(({ kind }) => kind === 'drift').length;

  test('what was changed by hand is shown with who did it, told once, and over when it is repaired', async () => {
    await rig.released('production', kubernetes);
    const look = await rig.next();
    expect(look).toMatchObject({
      environment: 'production',
      cluster: null,
      kubeconfig: null,
      target: kubernetes,
      released: {},
    });
    expect(await rig.next()).toBeNull();
    const fence = look?.fence ?? 0;
    const changed = {
      ...asReleased,
      image: 'shop:hotfix',
      replicas: 1,
      changedBy: { image: 'kubectl-set', replicas: 'kubectl' },
    };
    await rig.hear('production', { fence, seen: changed });
    expect(await view('production')).toMatchObject({
      problem: null,
      since: expect.any(Number),
      differences: [
        { what: 'image', expected: 'shop@sha256:1', found: 'shop:hotfix', by: 'kubectl-set' },
        { what: 'replicas', expected: '3', found: '1', by: 'kubectl' },
      ],
    });
    expect(await told()).toBe(1);
    expect(await rig.next()).toBeNull();
    core.passTime(5 * 60_000);
    const again = (await rig.next())?.fence ?? 0;
    expect(again).toBeGreaterThan(fence);
    await rig.hear('production', { fence, seen: { kind: 'gone' } });
    await rig.hear('production', {
      fence: again,
      seen: { ...changed, image: 'shop@sha256:1' },
    });
    expect((await view('production'))?.differences).toHaveLength(1);
    expect(await told()).toBe(1);
    core.passTime(5 * 60_000);
    await rig.hear('production', { fence: (await rig.next())?.fence ?? 0, seen: asReleased });
    expect(await view('production')).toMatchObject({ since: null, differences: [] });
  });

  test('what cannot be read says why, and keeps what was known', async () => {
    await rig.released('walled', { ...kubernetes, kubeconfigSecret: 'missing-one' });
    expect(await rig.next()).toBeNull();
    expect((await view('walled'))?.problem).toContain('"missing-one"');
    await inUnit(core.context, ({ trx }) =>
      saveEnvironment(trx, { name: 'walled', target: kubernetes, at: 0 }),
    );
    core.passTime(5 * 60_000);
    for (let look = await rig.next(); look !== null; look = await rig.next()) {
      const isWalled = look.environment === 'walled';
      const seen = isWalled ? ({ kind: 'unreadable', message: 'forbidden' } as const) : asReleased;
      await rig.hear(look.environment, { fence: look.fence, seen });
    }
    expect(await view('walled')).toMatchObject({ problem: 'forbidden', differences: [] });
  });

  test('a service on a Docker host is looked at by the worker that has it, and none during a rollout', async () => {
    await rig.released('host', docker);
    await rig.released('busy', docker);
    await rig.released('busy', docker, true);
    core.passTime(5 * 60_000);
    const looks = new Set<string>();
    for (let look = await rig.next(); look !== null; look = await rig.next()) looks.add(look.environment);
    expect(looks).not.toContain('host');
    for (let count = 0; count < 10; count += 1)
      looks.add((await rig.next(['host', 'busy']))?.environment ?? '');
    expect(looks).toContain('host');
    expect(looks).not.toContain('busy');
  });

  test('what was seen before a rollout began is not kept', async () => {
    await rig.released('turning', kubernetes);
    await rig.check('turning');
    const look = await rig.next();
    expect(look?.environment).toBe('turning');
    await rig.released('turning', kubernetes, true);
    await rig.hear('turning', { fence: look?.fence ?? 0, seen: { kind: 'gone' } });
    const stored = (await listLooks(core.context.db, 'turning')).values();
    expect([...stored]).toMatchObject([{ drift: null, lookedAt: null }]);
  });

  test('each cluster is compared with what was released in it, by its own replicas', async () => {
    await rig.releasedIn('fleet', { a: 4, b: 2 });
    const before = await told();
    const runs = (look: DriftLook): Found => ({
      ...asReleased,
      version: look.cluster === null ? 'r1-aaaaaaa' : `r2-${look.cluster}`,
      replicas: look.cluster === null ? 3 : 2,
    });
    core.passTime(5 * 60_000);
    const looks = await rig.lookAtAll(runs);
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
    expect(await rig.lookAtAll(runs)).toEqual([]);
  });

  test('a hundred clusters are all looked at, those that fail no more often than the others', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
    await rig.releasedIn('many', Object.fromEntries(names.map((name) => [name, 1])));
    core.passTime(5 * 60_000);
    const seen = { kind: 'unreadable', message: 'does not answer' } as const;
    const looks = await rig.lookAtAll(() => seen);
    const ofMany = looks.filter((each) => each.startsWith('many/'));
    expect(new Set(ofMany).size).toBe(100);
    expect(ofMany).toHaveLength(100);
  });

  test('a cluster that was taken out of its environment is forgotten, with the report of who still looked', async () => {
    await rig.releasedIn('shrinking', { a: 1, b: 1 });
    expect(await rig.check('shrinking', 'b')).toMatchObject({ ok: true });
    const look = await rig.next();
    expect(look).toMatchObject({ environment: 'shrinking', cluster: 'b' });
    await inUnit(core.context, async ({ trx, at }) => {
      await saveEnvironment(trx, { name: 'shrinking', target: fleetOf('a'), at });
      await keepLooks(trx, 'shrinking', ['a']);
    });
    await rig.hear('shrinking', { cluster: 'b', fence: look?.fence ?? 0, seen: { kind: 'gone' } });
    await inUnit(core.context, ({ trx, at }) =>
      saveEnvironment(trx, { name: 'shrinking', target: fleetOf('a', 'b'), at }),
    );
    expect(await clusterView('shrinking', 'b')).toBeNull();
  });

  test('a worker of an older version is given no clusters', async () => {
    await rig.releasedIn('modern', { a: 1 });
    await rig.check('modern');
    expect((await nextDriftLook(core.context, { workerId: 'old', environments: [] }))?.environment).not.toBe(
      'modern',
    );
    expect(await rig.next()).toMatchObject({ environment: 'modern' });
  });
});
