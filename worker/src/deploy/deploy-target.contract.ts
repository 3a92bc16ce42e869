// What every deploy target must do, whatever it deploys to. A rig gives the suite a place of its own and a tiny
// service whose answer is its version.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import type {
  RequestMatch,
  RouterAbilities,
  TargetFacts,
  Traffic,
} from '@sluice/pipelines/rollout/rollout-state';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeployTarget } from './deploy-target.ts';

export interface TargetRig extends AsyncDisposable {
  /** The target as a new process would open it, for a rollout of this version. */
  readonly rollout: (version: string, work?: Partial<DeployWork>) => DeployTarget;
  /** A version whose containers end at once. */
  readonly brokenRollout: (version: string) => DeployTarget;
  /** The version that answers a user's request; null: none does. */
  readonly ask: (request?: UserRequest) => Promise<string | null>;
  readonly replicas: number;
}

interface UserRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** With its question mark: `?group=b`. */
  readonly query?: string;
}

export function deployTargetContract(
  name: string,
  openRig: () => Promise<TargetRig>,
  can: RouterAbilities,
): void {
  describe(name, () => {
    let rig: TargetRig;
    beforeEach(async () => {
      rig = await openRig();
    });
    afterEach(async () => {
      await rig[Symbol.asyncDispose]();
    });

    test('finds nothing before the first deployment', async () => {
      const facts = await rig.rollout('v1').inspect();
      expect(facts).toMatchObject({ stable: null, canary: null });
    });

    test('a first deployment gets traffic when it is promoted and is then the stable version', async () => {
      const facts = await release(rig, 'v1');
      expect(facts.stable).toMatchObject({ version: 'v1', replicas: rig.replicas, ready: rig.replicas });
      expect(facts.stable?.weightPercent).toBe(100);
      expect(facts.canary).toBeNull();
      expect(await rig.ask()).toBe('v1');
    });

    test('deploying a new version leaves all traffic with the old one', async () => {
      await release(rig, 'v1');
      const facts = await rig.rollout('v2').deploy();
      expect(facts.stable).toMatchObject({ version: 'v1', weightPercent: 100 });
      expect(facts.canary).toMatchObject({ version: 'v2', weightPercent: 0 });
      expect(await answers(rig)).toEqual(['v1']);
    });

    test('a weight splits traffic, and 100 % and retiring leave only the new version', async () => {
      await release(rig, 'v1');
      await rig.rollout('v2').deploy();
      const split = await until(
        () => rig.rollout('v2').setTraffic(share(50)),
        (facts) => facts.canary?.weightPercent === 50,
      );
      expect(split.stable?.weightPercent).toBe(50);
      expect(await answers(rig)).toEqual(['v1', 'v2']);

      const { facts, observation } = await rig.rollout('v2').observe();
      expect(facts.canary?.weightPercent).toBe(50);
      expect(observation.at).toBeGreaterThan(0);

      expect((await finish(rig, 'v2')).stable).toMatchObject({ version: 'v2', weightPercent: 100 });
      expect(await answers(rig)).toEqual(['v2']);
    });

    test('says what its router can do beside weights', async () => {
      await release(rig, 'v1');
      expect((await rig.rollout('v2').inspect()).can).toEqual(can);
    });

    test.each(requestsByKind.filter(({ kind }) => !can.match.includes(kind)))(
      'requests with a certain $kind cannot be chosen, and the message names routers that can',
      async ({ match }) => {
        await release(rig, 'v1');
        await rig.rollout('v2').deploy();
        const refused = { name: 'DeployProblem', message: expect.stringContaining('haproxy') };
        await expect(rig.rollout('v2').setTraffic({ ...share(0), match })).rejects.toMatchObject(refused);
        expect(await answers(rig)).toEqual(['v1']);
      },
    );

    test.each(requestsByKind.filter(({ kind }) => can.match.includes(kind)))(
      'requests with a certain $kind go to the new version, whatever the weight',
      async ({ match, chosen, others }) => {
        await release(rig, 'v1');
        await rig.rollout('v2').deploy();
        const wanted = { percent: 0, match, mirrorPercent: 0 };
        const facts = await until(
          () => rig.rollout('v2').setTraffic(wanted),
          ({ traffic }) => traffic?.match.length === match.length,
        );
        expect(facts.traffic).toEqual({ match, mirrorPercent: 0 });
        expect(facts.canary).toMatchObject({ version: 'v2', weightPercent: 0 });
        expect(await answers(rig, chosen)).toEqual(['v2']);
        for (const other of others) {
          expect({ other, answers: await answers(rig, other) }).toEqual({ other, answers: ['v1'] });
        }
        expect(await rig.rollout('v2').setTraffic(wanted)).toEqual(facts);

        await rollBack(rig, 'v2');
        expect(await answers(rig, chosen)).toEqual(['v1']);
      },
    );

    const choosing =
      'chosen requests stay chosen beside a weight, and are not any more when it is asked for alone';
    test.skipIf(can.match.length === 0)(
      can.match.length === 0 ? `${choosing} (skipped: nothing here looks at requests)` : choosing,
      async () => {
        await release(rig, 'v1');
        await rig.rollout('v2').deploy();
        const [{ match, chosen }] = requestsByKind;
        const both = { percent: 50, match, mirrorPercent: 0 };
        await until(
          () => rig.rollout('v2').setTraffic(both),
          ({ canary, traffic }) => canary?.weightPercent === 50 && traffic?.match.length === 1,
        );
        expect(await answers(rig, chosen)).toEqual(['v2']);
        expect(await answers(rig)).toEqual(['v1', 'v2']);
        const alone = await until(
          () => rig.rollout('v2').setTraffic(share(0)),
          ({ canary, traffic }) => canary?.weightPercent === 0 && (traffic?.match.length ?? 0) === 0,
        );
        expect(alone.canary?.weightPercent).toBe(0);
        expect(await answers(rig, chosen)).toEqual(['v1']);
        expect((await finish(rig, 'v2')).traffic?.match ?? []).toEqual([]);
        expect(await answers(rig)).toEqual(['v2']);
      },
    );

    test.skipIf(can.mirror)(
      'a mirror is refused where the router has none, with those that have',
      async () => {
        await release(rig, 'v1');
        await rig.rollout('v2').deploy();
        const refused = { name: 'DeployProblem', message: expect.stringContaining('virtualservice') };
        const mirrored = rig.rollout('v2').setTraffic({ ...share(0), mirrorPercent: 10 });
        await expect(mirrored).rejects.toMatchObject(refused);
        expect(await answers(rig)).toEqual(['v1']);
      },
    );

    test('rolling back gives all traffic to the old version and removes the new one', async () => {
      await release(rig, 'v1');
      await rig.rollout('v2').deploy();
      await until(
        () => rig.rollout('v2').setTraffic(share(50)),
        (facts) => facts.canary?.weightPercent === 50,
      );
      await rollBack(rig, 'v2');
      expect(await answers(rig)).toEqual(['v1']);
    });

    test('rolling back after a promotion gives all traffic to the old version', async () => {
      await release(rig, 'v1');
      await rig.rollout('v2').deploy();
      await until(
        () => rig.rollout('v2').promote(),
        (facts) => facts.canary?.weightPercent === 100,
      );
      await rollBack(rig, 'v2');
      expect(await answers(rig)).toEqual(['v1']);
    });

    test('rolling back a first deployment leaves nothing', async () => {
      await rig.rollout('v1').deploy();
      await until(
        () => rig.rollout('v1').promote(),
        (facts) => facts.canary?.weightPercent === 100,
      );
      await until(
        () => rig.rollout('v1').rollBack(),
        (facts) => facts.canary === null,
      );
      expect(await rig.rollout('v2').inspect()).toMatchObject({ stable: null, canary: null });
    });

    test('where two versions must not run at once, the old one ends first and a roll-back starts it again', async () => {
      await release(rig, 'v1');
      const alone = (): DeployTarget => rig.rollout('v2', { strategy: 'recreate' });
      const stopped = await until(
        () => alone().stopOld(),
        ({ stable }) => stable?.ready === 0,
        patienceForPodsMs,
      );
      expect(stopped.stable?.version).toBe('v1');
      expect(await answers(rig)).toEqual([null]);
      await alone().deploy();
      await until(
        () => alone().promote(),
        ({ canary }) => canary?.weightPercent === 100,
      );
      // Who kept a connection open through the outage may get one more answer from before its end.
      await expect.poll(() => answers(rig)).toEqual(['v2']);
      const back = await until(
        () => alone().rollBack(),
        ({ stable, canary }) => canary === null && stable?.ready === rig.replicas,
        patienceForPodsMs,
      );
      expect(back.stable).toMatchObject({ version: 'v1', weightPercent: 100 });
      await expect.poll(() => answers(rig)).toEqual(['v1']);
    }, 240_000);

    test('every action may be repeated', async () => {
      await release(rig, 'v1');
      const before = await rig.rollout('v1').retireOld();
      expect(await rig.rollout('v1').retireOld()).toEqual(before);
      await rig.rollout('v2').deploy();
      const deployed = await rig.rollout('v2').deploy();
      expect(deployed.stable).toEqual(before.stable);
      const half = (): Promise<TargetFacts> => rig.rollout('v2').setTraffic(share(50));
      const split = await until(half, (facts) => facts.canary?.weightPercent === 50);
      expect(await half()).toEqual(split);
      await rollBack(rig, 'v2');
      expect((await rig.rollout('v2').rollBack()).canary).toBeNull();
    });

    test('a new version that does not start gets no traffic and names its problem', async () => {
      await release(rig, 'v1');
      await rig.brokenRollout('v2').deploy();
      const facts = await until(
        () => rig.brokenRollout('v2').setTraffic(share(50)),
        ({ canary }) => canary?.problem !== null && canary?.problem !== undefined,
      );
      expect(facts.canary).toMatchObject({ ready: 0, weightPercent: 0 });
      expect(await answers(rig)).toEqual(['v1']);
      await rollBack(rig, 'v2');
    });
  });
}

interface ChosenRequests {
  readonly kind: RequestMatch['kind'];
  readonly match: readonly RequestMatch[];
  readonly chosen: UserRequest;
  /** Almost like it. */
  readonly others: readonly UserRequest[];
}

const requestsByKind: readonly [ChosenRequests, ...ChosenRequests[]] = [
  {
    kind: 'header',
    match: [{ kind: 'header', name: 'X-Canary', value: 'always, "here"' }],
    chosen: { headers: { 'x-canary': 'always, "here"' } },
    others: [{}, { headers: { 'x-canary': 'always' } }, { headers: { 'x-canary': 'Always, "here"' } }],
  },
  {
    kind: 'cookie',
    match: [{ kind: 'cookie', name: 'group', value: 'b' }],
    chosen: { headers: { cookie: 'id=7; group=b; theme=dark' } },
    others: [
      {},
      { headers: { cookie: 'group=bb' } },
      { headers: { cookie: 'agroup=b' } },
      { headers: { group: 'b' } },
    ],
  },
  {
    kind: 'query',
    match: [{ kind: 'query', name: 'group', value: 'b' }],
    chosen: { query: '?page=2&group=b' },
    others: [{}, { query: '?group=a' }, { query: '?group=bb' }, { query: '?agroup=b' }],
  },
];

/** A share of the traffic, and nothing else. */
export const share = (percent: number): Traffic => ({ percent, match: [], mirrorPercent: 0 });

/** Takes a version from nothing to stable. */
export async function release(rig: TargetRig, version: string): Promise<TargetFacts> {
  await rig.rollout(version).deploy();
  return finish(rig, version);
}

async function finish(rig: TargetRig, version: string): Promise<TargetFacts> {
  await until(
    () => rig.rollout(version).promote(),
    ({ canary }) => canary?.weightPercent === 100 && canary.ready >= canary.replicas,
  );
  return until(
    () => rig.rollout(version).retireOld(),
    ({ stable, canary }) => stable?.version === version && canary === null,
  );
}

async function rollBack(rig: TargetRig, version: string): Promise<void> {
  const facts = await until(
    () => rig.rollout(version).rollBack(),
    ({ canary }) => canary === null,
  );
  expect(facts.stable).toMatchObject({ version: 'v1', ready: rig.replicas, weightPercent: 100 });
}

/** Different answers of enough requests that a side with traffic is seen. */
async function answers(rig: TargetRig, request: UserRequest = {}): Promise<readonly (string | null)[]> {
  const seen = await Promise.all(Array.from({ length: 40 }, () => rig.ask(request)));
  return [...new Set(seen)].toSorted((a, b) => String(a).localeCompare(String(b)));
}

const patienceMs = 50_000;
/** Until the last pod of one version has ended, and those of the other have started. */
const patienceForPodsMs = 150_000;

/** Asks for the same again, as the rollout's state machine does, until the facts say that it is so. */
export async function until(
  act: () => Promise<TargetFacts>,
  isSo: (facts: TargetFacts) => boolean,
  withinMs = patienceMs,
): Promise<TargetFacts> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const facts = await act();
    if (isSo(facts)) return facts;
    if (performance.now() > deadline) throw new Error(`still not so: ${JSON.stringify(facts)}`);
    await sleep(200);
  }
}
