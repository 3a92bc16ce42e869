import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listAudit } from '../store/audit-store.ts';
import { saveEnvironment } from '../store/environment-store.ts';
import { writeSecret } from '../store/secret-store.ts';
import { environmentCheckView } from '../views/environment-check-view.ts';
import { asReleased, docker, fleetOf, kubernetes, openPlaces, type PlacesRig } from './places.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from './test-core.ts';
import { inUnit } from './unit.ts';

describe.skipIf(redisUrl === undefined)('a check of an environment (needs REDIS_URL)', () => {
  let core: TestCore;
  let rig: PlacesRig;
  beforeAll(async () => {
    core = await openTestCore();
    rig = openPlaces(core);
  });
  afterAll(() => core.close());

  const checked = async (name: string) => (await environmentCheckView(core.context.db, name))?.places;

  test('one whose secret is missing does not keep others waiting', async () => {
    await rig.released('locked', { ...kubernetes, kubeconfigSecret: 'missing-one' });
    await rig.released('ajar', kubernetes);
    await rig.check('locked');
    core.passTime(1_000);
    await rig.check('ajar');
    expect(await rig.next()).toMatchObject({ environment: 'ajar' });
    expect((await checked('locked'))?.[0]?.look?.problem).toContain('"missing-one"');
  });

  test('missing rights are kept with the look, and gone with the next that has them', async () => {
    await rig.releasedIn('poor', { a: 1 });
    const missingRights = [{ apiGroup: '', resource: 'pods', name: null, verbs: ['list'] }];
    const seen = { ...asReleased, version: 'r2-a', replicas: 1 };
    for (const missing of [missingRights, []]) {
      await rig.check('poor');
      const fence = (await rig.next())?.fence ?? 0;
      await rig.hear('poor', { cluster: 'a', fence, seen, missingRights: missing });
      expect((await checked('poor'))?.[0]?.look?.missingRights).toEqual(missing);
    }
  });

  test('a check has places looked at that have no release yet, before all others, and is over with the look', async () => {
    await inUnit(core.context, ({ trx, at }) =>
      saveEnvironment(trx, { name: 'fresh', target: fleetOf('a', 'b'), at }),
    );
    core.passTime(5 * 60_000);
    expect((await rig.lookAtAll(() => asReleased)).filter((each) => each.startsWith('fresh'))).toEqual([]);
    core.passTime(5 * 60_000);
    expect(await rig.check('fresh', 'b')).toMatchObject({ ok: true });
    expect(await checked('fresh')).toMatchObject([
      { cluster: 'a', look: { isAwaited: false } },
      { cluster: 'b', look: { isAwaited: true } },
    ]);
    const look = await rig.next();
    expect(look).toMatchObject({ environment: 'fresh', cluster: 'b', released: null });
    await rig.hear('fresh', {
      cluster: 'b',
      fence: look?.fence ?? 0,
      seen: { kind: 'gone' },
      missingRights: [],
    });
    expect((await checked('fresh'))?.[1]).toMatchObject({
      kind: 'kubernetes',
      current: null,
      look: { isAwaited: false, problem: null, differences: [], missingRights: [] },
    });
    const [entry] = await listAudit(core.context.db, { before: null, limit: 1 });
    expect(entry).toMatchObject({ who: 'ada', action: 'environment-checked', subject: 'fresh' });
  });

  test('nobody is asked to look at a Docker host before the first release to it', async () => {
    await inUnit(core.context, ({ trx, at }) => saveEnvironment(trx, { name: 'bare', target: docker, at }));
    expect(await rig.check('bare')).toMatchObject({ ok: true });
    expect(await checked('bare')).toEqual([{ cluster: null, kind: 'docker', current: null, look: null }]);
    await rig.released('bare', docker);
    await rig.check('bare');
    expect(await checked('bare')).toMatchObject([{ current: 'r1-aaaaaaa', look: { isAwaited: true } }]);
  });

  test('a look that had begun before a check does not answer it', async () => {
    await rig.releasedIn('twice', { a: 1 });
    await rig.check('twice');
    const first = (await rig.next())?.fence ?? 0;
    await rig.check('twice');
    await rig.hear('twice', { cluster: 'a', fence: first, seen: asReleased });
    expect((await checked('twice'))?.[0]?.look?.isAwaited).toBe(true);
    expect(await rig.next()).toMatchObject({ environment: 'twice', cluster: 'a' });
  });

  test('a check is refused where there is nothing to look at, and while a rollout changes it', async () => {
    await rig.released('rolling', kubernetes, true);
    const reasons = [await rig.check('nowhere'), await rig.check('twice', 'z'), await rig.check('rolling')];
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
    await rig.check('new');
    expect(await rig.next()).toMatchObject({ environment: 'new', kubeconfig: 'of web' });
    await write('shop');
    await rig.check('new');
    await rig.lookAtAll(() => asReleased);
    expect((await checked('new'))?.[0]?.look?.problem).toContain('is in several projects (shop, web)');
  });
});
