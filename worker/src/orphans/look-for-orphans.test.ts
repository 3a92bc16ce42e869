import { randomUUID } from 'node:crypto';
import type { AttemptStanding } from '@sluice/pipelines/orphans/decide-orphan';
import type { AttemptName, OrphanLook, RemovedOrphan } from '@sluice/pipelines/protocol/orphans';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { lookForOrphans } from './look-for-orphans.ts';
import type { FoundThing, OrphanPlace, Removal } from './orphan-place.ts';

const attemptId = randomUUID();
const over: AttemptStanding = { kind: 'over', attemptId, forMs: 61_000 };
const open: AttemptStanding = { kind: 'open', attemptId };

function aRig(standing: AttemptStanding, places: readonly OrphanPlace[]) {
  const looks: OrphanLook[] = [];
  const asked: number[] = [];
  const untold: RemovedOrphan[] = [];
  let isAway = false;
  const search = {
    server: {
      standings: (question: { readonly attempts: readonly AttemptName[] }) => {
        asked.push(question.attempts.length);
        const attempts = question.attempts.map(() => standing);
        return Promise.resolve({ installation: 'ours', attempts, environments: [] });
      },
      looked: (look: OrphanLook) => {
        if (isAway) return Promise.reject(new Error('away'));
        looks.push(structuredClone(look));
        return Promise.resolve();
      },
    },
    workerId: 'w',
    places,
    canaries: null,
    underWay: new Set<string>(),
    everyMs: 1,
    overMs: 60_000,
    unknownMs: 600_000,
    log: pino({ level: 'silent' }),
  };
  return {
    looks,
    asked,
    look: () => lookForOrphans(search, untold, new AbortController().signal),
    leave: (value: boolean) => (isAway = value),
    counts: () => looks.map(({ counts }) => counts.map(({ kind, orphans }) => `${kind} ${orphans}`).join()),
  };
}

function aThing(name: string, remove: () => Promise<Removal>): FoundThing {
  const attempt = { runId: randomUUID(), stage: 'test', attempt: 1 };
  const ours = { installation: 'ours', isDeployed: false, ageMs: 0 };
  return { kind: 'container', name, attempt, ...ours, remove };
}

const aPlace = (found: readonly FoundThing[]): OrphanPlace => ({
  name: 'a place',
  list: () => Promise.resolve({ engine: 'e', kinds: ['container', 'network'], found }),
});

describe('a look for orphans', () => {
  test('tells what it found before it removes it, then what is left, and each removal once', async () => {
    const rig = aRig(over, [aPlace([aThing('one', () => Promise.resolve('removed'))])]);
    await rig.look();
    expect(rig.counts()).toEqual(['container 1,network 0', 'container 0,network 0']);
    expect(rig.looks.map(({ removed }) => removed.map(({ name }) => name))).toEqual([[], ['one']]);
    expect(rig.looks[1]?.removed[0]?.reason).toMatch(/over for 61 s/);
  });

  test('touches nothing whose attempt is open, and still tells that there are none', async () => {
    const thing = aThing('one', () => Promise.reject(new Error('touched')));
    const rig = aRig(open, [aPlace([thing])]);
    await rig.look();
    expect(rig.counts()).toEqual(['container 0,network 0']);
  });

  test('what somebody else has removed meanwhile is neither left nor counted as removed', async () => {
    const rig = aRig(over, [aPlace([aThing('one', () => Promise.resolve('gone'))])]);
    await rig.look();
    expect(rig.counts().at(-1)).toBe('container 0,network 0');
    expect(rig.looks.flatMap(({ removed }) => removed)).toEqual([]);
  });

  test('what cannot be removed stays counted, and does not keep the others', async () => {
    const things = [
      aThing('stuck', () => Promise.resolve('stays')),
      aThing('broken', () => Promise.reject(new Error('the engine failed'))),
      aThing('fine', () => Promise.resolve('removed')),
    ];
    const rig = aRig(over, [aPlace(things)]);
    await rig.look();
    expect(rig.counts()).toEqual(['container 3,network 0', 'container 2,network 0']);
  });

  test('a place that does not answer is passed over, and tells no count', async () => {
    const silent: OrphanPlace = { name: 'silent', list: () => Promise.reject(new Error('silence')) };
    const rig = aRig(over, [silent, aPlace([])]);
    await rig.look();
    expect(rig.counts()).toEqual(['container 0,network 0']);
  });

  test('a removal that the server has not heard of is told with the next look', async () => {
    let left: readonly FoundThing[] = [];
    const rig = aRig(over, [
      { name: 'a place', list: () => Promise.resolve({ engine: 'e', kinds: ['container'], found: left }) },
    ]);
    left = [
      aThing('one', () => {
        rig.leave(true);
        return Promise.resolve('removed');
      }),
    ];
    await expect(rig.look()).rejects.toThrow('away');
    left = [];
    rig.leave(false);
    await rig.look();
    expect(rig.looks.at(-1)?.removed.map(({ name }) => name)).toEqual(['one']);
  });

  test('what takes its time to go is told as removed and stays counted until it has gone', async () => {
    const rig = aRig(over, [aPlace([aThing('slow', () => Promise.resolve('going'))])]);
    await rig.look();
    expect(rig.counts().at(-1)).toBe('container 1,network 0');
    expect(rig.looks.at(-1)?.removed.map(({ name }) => name)).toEqual(['slow']);
  });

  test('many attempts are asked for page by page, each once', async () => {
    const things = Array.from({ length: 1_100 }, () => aThing('x', () => Promise.resolve('removed')));
    const rig = aRig(open, [aPlace([...things, ...things])]);
    await rig.look();
    expect(rig.asked).toEqual([0, 500, 500, 100]);
  });
});
