import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { aPlan } from '../plan/a-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { advance, startState } from './advance.ts';
import { isStageEnd, type RunCommand, type RunEvent, type RunState } from './run-state.ts';

// A random plan, and a random history of it: a scheduler picks the next thing that could really happen, until
// nothing can. Everything below is about all such histories.

test.prop([plans(), fc.infiniteStream(fc.nat({ max: 9_999 }))])(
  'no stage starts before everything it needs has ended, and every finished run has only ended stages',
  (plan, choices) => {
    const { steps } = play(plan, choices);
    for (const { state, commands } of steps) {
      for (const command of commands) {
        if (command.kind !== 'enqueue-attempt' || command.attempt > 1) continue;
        const needs = plan.stages.find((stage) => stage.id === command.stage)?.needs ?? [];
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
    const shuffled = interleave(plan, events, orders);
    const state = shuffled.reduce((before, event) => advance(plan, before, event).state, startState(plan, 0));
    expect(state).toEqual(steps.at(-1)?.state ?? startState(plan, 0));
  },
);

interface Step {
  readonly commands: readonly RunCommand[];
  /** After the event. */
  readonly state: RunState;
}

/** Plays one history to its end. */
function play(plan: Plan, choices: fc.Stream<number>): { events: RunEvent[]; steps: Step[] } {
  let state = startState(plan, 0);
  let clock = 0;
  const events: RunEvent[] = [];
  const steps: Step[] = [];
  for (;;) {
    const possible = events.length === 0 ? [requested] : whatCanHappen(state, clock + 1);
    if (possible.length === 0) return { events, steps };
    const event = pick(possible, choices);
    clock = Math.max(clock + 1, event.at);
    const next = advance(plan, state, event);
    state = next.state;
    events.push(event);
    steps.push({ commands: next.commands, state });
  }
}

const requested: RunEvent = { kind: 'run-requested', at: 0 };

function whatCanHappen(state: RunState, at: number): RunEvent[] {
  return Object.entries(state.stages).flatMap(([stage, its]): RunEvent[] => {
    if (its.status === 'queued')
      return [{ kind: 'stage-claimed', stage, attempt: its.attempt, worker: 'w', at }];
    if (its.status === 'retrying')
      return [{ kind: 'retry-due', stage, attempt: its.attempt, at: Math.max(at, its.dueAt) }];
    if (its.status !== 'running') return [];
    const { attempt } = its;
    const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
    return [
      { kind: 'step-started', stage, attempt, step: 0, at },
      { kind: 'stage-finished', stage, attempt, outcome: { result: 'succeeded', outputs: {} }, at },
      { kind: 'stage-finished', stage, attempt, outcome: { result: 'failed', failure }, at },
    ];
  });
}

/** Another order of the same reports: each stage's own order kept, and none before the end of what it needs. */
function interleave(plan: Plan, events: readonly RunEvent[], orders: fc.Stream<number>): RunEvent[] {
  const queues = new Map<string, RunEvent[]>(plan.stages.map((stage) => [stage.id, []]));
  const result: RunEvent[] = [];
  for (const event of events) {
    if ('stage' in event) queues.get(event.stage)?.push(event);
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

function pick<T>(from: readonly T[], choices: fc.Stream<number>): T {
  const index = choices.next().value ?? 0;
  const chosen = from[index % from.length];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

function plans(): fc.Arbitrary<Plan> {
  const stage = fc.record({
    needs: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
    optional: fc.boolean(),
    always: fc.boolean(),
    allowFailure: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 3 }),
    delayMs: fc.constantFrom(0, 5),
  });
  return fc.array(stage, { minLength: 1, maxLength: 8 }).map((stages) =>
    stages
      .reduce((builder, each, index) => {
        const needs = [...new Set(each.needs.filter((need) => need < index))].map((need) => `s${need}`);
        return builder.stage(`s${index}`, {
          [each.optional ? 'optionalNeeds' : 'needs']: needs,
          allowFailure: each.allowFailure,
          retry: { attempts: each.attempts, delayMs: each.delayMs, on: ['failed'] },
          ...(each.always ? { if: 'always()' } : {}),
        });
      }, aPlan())
      .done(),
  );
}
