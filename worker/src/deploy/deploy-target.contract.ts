// What every deploy target must do, whatever it deploys to. A rig gives the suite a place of its own and a tiny
// service whose answer is its version.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeployTarget } from './deploy-target.ts';

export interface TargetRig extends AsyncDisposable {
  /** The target as a new process would open it, for a rollout of this version. */
  readonly rollout: (version: string) => DeployTarget;
  /** A version whose containers end at once. */
  readonly brokenRollout: (version: string) => DeployTarget;
  /** The version that answers a user's request; null: none does. */
  readonly ask: () => Promise<string | null>;
  readonly replicas: number;
}

export function deployTargetContract(name: string, openRig: () => Promise<TargetRig>): void {
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
        () => rig.rollout('v2').setWeight(50),
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

    test('rolling back gives all traffic to the old version and removes the new one', async () => {
      await release(rig, 'v1');
      await rig.rollout('v2').deploy();
      await until(
        () => rig.rollout('v2').setWeight(50),
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

    test('every action may be repeated', async () => {
      await release(rig, 'v1');
      const before = await rig.rollout('v1').retireOld();
      expect(await rig.rollout('v1').retireOld()).toEqual(before);
      await rig.rollout('v2').deploy();
      const deployed = await rig.rollout('v2').deploy();
      expect(deployed.stable).toEqual(before.stable);
      const half = (): Promise<TargetFacts> => rig.rollout('v2').setWeight(50);
      const split = await until(half, (facts) => facts.canary?.weightPercent === 50);
      expect(await half()).toEqual(split);
      await rollBack(rig, 'v2');
      expect((await rig.rollout('v2').rollBack()).canary).toBeNull();
    });

    test('a new version that does not start gets no traffic and names its problem', async () => {
      await release(rig, 'v1');
      await rig.brokenRollout('v2').deploy();
      const facts = await until(
        () => rig.brokenRollout('v2').setWeight(50),
        ({ canary }) => canary?.problem !== null && canary?.problem !== undefined,
      );
      expect(facts.canary).toMatchObject({ ready: 0, weightPercent: 0 });
      expect(await answers(rig)).toEqual(['v1']);
      await rollBack(rig, 'v2');
    });
  });
}

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
async function answers(rig: TargetRig): Promise<readonly (string | null)[]> {
  const seen = await Promise.all(Array.from({ length: 40 }, () => rig.ask()));
  return [...new Set(seen)].toSorted((a, b) => String(a).localeCompare(String(b)));
}

const patienceMs = 50_000;

/** Asks for the same again, as the rollout's state machine does, until the facts say that it is so. */
export async function until(
  act: () => Promise<TargetFacts>,
  isSo: (facts: TargetFacts) => boolean,
): Promise<TargetFacts> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const facts = await act();
    if (isSo(facts)) return facts;
    if (performance.now() > deadline) throw new Error(`still not so: ${JSON.stringify(facts)}`);
    await sleep(200);
  }
}
