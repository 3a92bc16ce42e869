import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideGrants, turnsPerOldest, type Share } from './decide-grants.ts';
import type { PendingAttempt } from './line.ts';

const share = (project: string, has: Partial<Share> = {}): Share => ({
  project,
  weight: 1,
  inUse: 0,
  roomInQuota: null,
  startTag: 0,
  grants: 0,
  ...has,
});

let made = 0;
const waits = (project: string, has: Partial<PendingAttempt> = {}): PendingAttempt => {
  made += 1;
  return {
    id: String(made).padStart(9, '0'),
    project,
    runNumber: 1,
    stage: 'test',
    rank: 1,
    since: made,
    ...has,
  };
};
const many = (project: string, count: number): readonly PendingAttempt[] =>
  Array.from({ length: count }, () => waits(project));
const projectsOf = (granted: readonly PendingAttempt[]): string =>
  granted.map(({ project }) => project).join('');

describe('between projects', () => {
  test('a project with one stage does not wait behind a thousand of another one', () => {
    const pending = [...many('a', 1_000), waits('b')];
    const { granted } = decideGrants({ room: 2, virtualTime: 0, shares: [share('a'), share('b')], pending });
    expect(projectsOf(granted)).toBe('ab');
  });

  test('slots are shared by weight', () => {
    const pending = [...many('a', 20), ...many('b', 20)];
    const shares = [share('a', { weight: 3 }), share('b')];
    const { granted } = decideGrants({ room: 8, virtualTime: 0, shares, pending });
    expect(granted.filter(({ project }) => project === 'a')).toHaveLength(6);
  });

  test('what a project has running counts', () => {
    const pending = [...many('a', 9), ...many('b', 9)];
    const shares = [share('a', { inUse: 3 }), share('b')];
    expect(projectsOf(decideGrants({ room: 4, virtualTime: 0, shares, pending }).granted)).toBe('bbba');
  });

  test('a single slot goes round, by weight', () => {
    let shares: readonly Share[] = [share('a', { weight: 2 }), share('b')];
    let pending: readonly PendingAttempt[] = [...many('a', 9), ...many('b', 9)];
    let virtualTime = 0;
    const order: string[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      const { granted, shares: changed } = decideGrants({ room: 1, virtualTime, shares, pending });
      order.push(projectsOf(granted));
      pending = pending.filter((attempt) => !granted.includes(attempt));
      virtualTime = Math.max(virtualTime, ...changed.map(({ startTag }) => startTag));
      shares = shares.map((before) => {
        const now = changed.find(({ project }) => project === before.project) ?? before;
        return { ...now, inUse: 0 };
      });
    }
    expect(order.filter((project) => project === 'a')).toHaveLength(6);
    expect(order.join('')).not.toContain('aaa');
  });

  test('who was away has saved up no turns', () => {
    const shares = [share('a', { startTag: 500, grants: 500 }), share('b', { startTag: 1, grants: 1 })];
    const pending = [...many('a', 9), ...many('b', 9)];
    const { granted } = decideGrants({ room: 4, virtualTime: 500, shares, pending });
    expect(granted.filter(({ project }) => project === 'a')).toHaveLength(2);
  });

  test('nobody gets more than its quota, and the others get what it leaves', () => {
    const pending = [...many('a', 9), ...many('b', 9)];
    const shares = [share('a', { roomInQuota: 1 }), share('b')];
    expect(projectsOf(decideGrants({ room: 4, virtualTime: 0, shares, pending }).granted)).toBe('abbb');
  });
});

describe('inside a project', () => {
  test('priority comes first, then the order of the runs', () => {
    const late = waits('a', { rank: 1, runNumber: 9 });
    const early = waits('a', { rank: 1, runNumber: 2 });
    const urgent = waits('a', { rank: 0, runNumber: 12 });
    const { granted } = decideGrants({
      room: 3,
      virtualTime: 0,
      shares: [share('a')],
      pending: [late, early, urgent],
    });
    expect(granted).toEqual([urgent, early, late]);
  });

  test('every eighth stage is the one that has waited longest', () => {
    const old = waits('a', { rank: 2, since: 0 });
    const urgent = Array.from({ length: 20 }, () => waits('a', { rank: 0 }));
    const { granted } = decideGrants({
      room: 8,
      virtualTime: 0,
      shares: [share('a')],
      pending: [...urgent, old],
    });
    expect(granted.indexOf(old)).toBe(turnsPerOldest - 1);
  });
});

test('whatever else comes, every stage is granted after a bounded number of grants', () => {
  const scenario = fc.record({
    slots: fc.integer({ min: 1, max: 4 }),
    weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 }),
    before: fc.integer({ min: 0, max: 5 }),
    arrivals: fc.array(fc.record({ project: fc.nat(3), rank: fc.nat(2) }), { minLength: 1, maxLength: 12 }),
  });
  fc.assert(
    fc.property(scenario, ({ slots, weights, before, arrivals }) => {
      let shares: readonly Share[] = weights.map((weight, index) => share(`p${index}`, { weight }));
      const older = Array.from({ length: before }, () => waits('p0', { rank: 2 }));
      const victim = waits('p0', { rank: 2, runNumber: 1_000_000 });
      let pending: readonly PendingAttempt[] = [...older, victim];
      let running: readonly PendingAttempt[] = [];
      let virtualTime = 0;
      let grants = 0;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const bound = (before + 1) * turnsPerOldest * (total + slots);
      while (pending.includes(victim)) {
        // More urgent work of every project comes faster than it can be done.
        const come = arrivals.map(({ project, rank }) => waits(`p${project % weights.length}`, { rank }));
        pending = [...pending, ...come, waits('p0', { rank: 0 })];
        const room = slots - running.length;
        const decided = decideGrants({ room, virtualTime, shares, pending });
        const taken = new Set(decided.granted);
        pending = pending.filter((attempt) => !taken.has(attempt));
        running = [...running, ...decided.granted].slice(1);
        grants += decided.granted.length;
        virtualTime = Math.max(virtualTime, ...decided.shares.map(({ startTag }) => startTag));
        shares = shares.map((own) => ({
          ...(decided.shares.find(({ project }) => project === own.project) ?? own),
          inUse: running.filter(({ project }) => project === own.project).length,
        }));
        expect(grants).toBeLessThanOrEqual(bound);
      }
    }),
    { numRuns: 60 },
  );
});
