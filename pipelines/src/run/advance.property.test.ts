import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import type { Plan } from '../plan/plan.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import { advance, startState } from './advance.ts';
import { pick, plans, play } from './random-run.fixture.ts';
import { isStageEnd, type RunCommand, type RunEvent } from './run-state.ts';

test.prop([plans(), fc.infiniteStream(fc.nat({ max: 9_999 }))])(
  'no stage starts before everything it needs has ended, and every finished run has only ended stages',
  (plan, choices) => {
    const { steps } = play(plan, choices);
    for (const { state, commands } of steps) {
      for (const command of commands) {
        if (command.kind !== 'enqueue-attempt' || command.attempt > 1) continue;
        const needs = wholePlan(plan, state).stages.find((stage) => stage.id === command.stage)?.needs ?? [];
        const ended = needs.map((need) => state.stages[need.stage]);
        expect(ended.every((stage) => stage !== undefined && isStageEnd(stage))).toBe(true);
      }
    }
    const last = steps.at(-1)?.state;
    expect(last?.status).not.toBe('running');
    expect(Object.values(last?.stages ?? {}).every(isStageEnd)).toBe(true);
    expect(
      steps.flatMap((step) => step.commands).filter((command) => command.kind === 'finish-run'),
    ).toHaveLength(1);
  },
);

test.prop([plans(), fc.infiniteStream(fc.nat({ max: 9_999 })), fc.infiniteStream(fc.nat({ max: 9_999 }))])(
  'repeating any event, at once or later, changes neither the end nor what is commanded',
  (plan, choices, repeats) => {
    const { events, steps } = play(plan, choices);
    let state = startState(plan, 0);
    const commands: RunCommand[] = [];
    const seen: RunEvent[] = [];
    for (const event of events) {
      seen.push(event);
      for (const each of [event, event, pick(seen, repeats)]) {
        const next = advance(plan, state, each);
        state = next.state;
        commands.push(...next.commands);
      }
    }
    expect(state).toEqual(steps.at(-1)?.state ?? startState(plan, 0));
    expect(commands).toEqual(steps.flatMap((step) => step.commands));
  },
);

test.prop([plans(), fc.infiniteStream(fc.nat({ max: 9_999 })), fc.infiniteStream(fc.nat({ max: 9_999 }))])(
  'reports of different stages may arrive in any order that keeps each stage’s own',
  (plan, choices, orders) => {
    const { events, steps } = play(plan, choices);
    const whole = wholePlan(plan, steps.at(-1)?.state ?? startState(plan, 0));
    const shuffled = interleave(whole, events, orders);
    const state = shuffled.reduce((before, event) => advance(plan, before, event).state, startState(plan, 0));
    expect(state).toEqual(steps.at(-1)?.state ?? startState(plan, 0));
  },
);

/** Another order of the same reports: each stage's own order kept, and none before the end of what it needs. */
function interleave(plan: Plan, events: readonly RunEvent[], orders: fc.Stream<number>): RunEvent[] {
  const queues = new Map<string, RunEvent[]>(plan.stages.map((stage) => [stage.id, []]));
  const result: RunEvent[] = [];
  for (const event of events) {
    if ('stage' in event && event.stage !== null) queues.get(event.stage)?.push(event);
    else result.push(event);
  }
  // A skipped stage has no reports of its own: what it needs must be over all the same.
  const isDone = (id: string): boolean =>
    (queues.get(id) ?? []).length === 0 && needsOf(id).every((need) => isDone(need.stage));
  const needsOf = (id: string) => plan.stages.find((stage) => stage.id === id)?.needs ?? [];
  for (;;) {
    const open = plan.stages.filter(
      (stage) => (queues.get(stage.id) ?? []).length > 0 && stage.needs.every((need) => isDone(need.stage)),
    );
    if (open.length === 0) return result;
    const event = queues.get(pick(open, orders).id)?.shift();
    if (event !== undefined) result.push(event);
  }
}
