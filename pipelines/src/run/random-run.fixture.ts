// For tests: a random plan, and a random history of it. A scheduler picks the next thing that could really happen,
// until nothing can.
import { fc } from '@fast-check/vitest';
import { aPlan } from '../plan/a-plan.ts';
import { combinationStage, gatheringStage } from '../plan/expand-matrix.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { advance, startState } from './advance.ts';
import type { RunCommand, RunEvent, RunState } from './run-state.ts';

export interface Step {
  readonly commands: readonly RunCommand[];
  /** After the event. */
  readonly state: RunState;
}

export interface PlayOptions {
  /** What the run begins with. */
  readonly requested?: RunEvent;
  /** People may cancel the run or a stage of it, also twice. */
  readonly cancels?: boolean;
}

/** Plays one history to its end. */
export function play(
  plan: Plan,
  choices: fc.Stream<number>,
  options: PlayOptions = {},
): { readonly events: RunEvent[]; readonly steps: Step[] } {
  let state = startState(plan, 0);
  let clock = 0;
  const events: RunEvent[] = [];
  const steps: Step[] = [];
  for (;;) {
    const possible =
      events.length === 0 ? [options.requested ?? requested] : whatCanHappen(state, clock + 1, options);
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

function whatCanHappen(state: RunState, at: number, { cancels = false }: PlayOptions): RunEvent[] {
  const reports = whatWorkersReport(state, at);
  if (!cancels || reports.length === 0) return reports;
  const people = { by: 'ada', reason: 'enough', at } as const;
  // Once for every few reports, so that most runs get somewhere first.
  return [
    ...reports,
    ...reports,
    ...reports,
    state.cancel === null
      ? { kind: 'cancel-requested', ...people }
      : { kind: 'cancel-forced', by: 'ada', at },
    ...Object.keys(state.stages)
      .slice(0, 1)
      .map((stage): RunEvent => ({ kind: 'stage-cancel-requested', stage, ...people })),
  ];
}

/** What a stage may give a matrix to make its combinations of; not all of it is a list. */
const lists = ['["a","b"]', '[1]', '[]', 'no list'];

function whatWorkersReport(state: RunState, at: number): RunEvent[] {
  return Object.entries(state.stages).flatMap(([stage, its]): RunEvent[] => {
    if (its.status === 'queued' && its.seeksResult === true)
      return [
        { kind: 'stage-not-reused', stage, reason: 'no run had these inputs', at },
        {
          kind: 'stage-reused',
          stage,
          from: { runId: 'earlier', number: 1 },
          attempt: 2,
          outputs: {},
          steps: [],
          at,
        },
      ];
    if (its.status === 'queued')
      return [{ kind: 'stage-claimed', stage, attempt: its.attempt, worker: 'w', at }];
    if (its.status === 'retrying')
      return [{ kind: 'retry-due', stage, attempt: its.attempt, at: Math.max(at, its.dueAt) }];
    if (its.status !== 'running') return [];
    const { attempt } = its;
    const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
    return [
      { kind: 'step-started', stage, attempt, step: 0, at },
      ...lists.map((list): RunEvent => {
        const outcome = { result: 'succeeded', outputs: { list } } as const;
        return { kind: 'stage-finished', stage, attempt, outcome, at };
      }),
      { kind: 'stage-finished', stage, attempt, outcome: { result: 'failed', failure }, at },
      { kind: 'stage-finished', stage, attempt, outcome: { result: 'failed', failure }, at },
    ];
  });
}

export function pick<T>(from: readonly T[], choices: fc.Stream<number>): T {
  const index = choices.next().value ?? 0;
  const chosen = from[index % from.length];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

export function plans(): fc.Arbitrary<Plan> {
  const stage = fc.record({
    needs: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
    optional: fc.boolean(),
    always: fc.boolean(),
    allowFailure: fc.boolean(),
    reuse: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 3 }),
    delayMs: fc.constantFrom(0, 5),
    matrix: fc.constantFrom<Matrix>('none', 'none', 'none', 'known', 'partly left out', 'from a stage'),
  });
  return fc.array(stage, { minLength: 1, maxLength: 8 }).map((stages) => {
    const plan = stages
      .reduce((builder, each, index) => {
        const needs = [...new Set(each.needs.filter((need) => need < index))].map((need) => `s${need}`);
        return builder.stage(`s${index}`, {
          [each.optional ? 'optionalNeeds' : 'needs']: needs,
          allowFailure: each.allowFailure,
          retry: { attempts: each.attempts, delayMs: each.delayMs, on: ['failed'] },
          ...(each.reuse ? { reuse: ['src/**'] } : {}),
          ...(each.always ? { if: 'always()' } : {}),
        });
      }, aPlan())
      .done();
    return {
      ...plan,
      stages: plan.stages.flatMap((each, at) => withMatrix(each, stages[at]?.matrix ?? 'none')),
    };
  });
}

type Matrix = 'none' | 'known' | 'partly left out' | 'from a stage';

/** As `buildPlan` plans a matrix that the file knows, and one whose list an earlier stage gives. */
function withMatrix(stage: PlannedStage, matrix: Matrix): readonly PlannedStage[] {
  const [need] = stage.needs;
  if (matrix === 'none' || (matrix === 'from a stage' && need === undefined)) return [stage];
  if (matrix === 'from a stage') {
    const lists = { v: `\${{ stages['${need?.stage}'].outputs.list }}` };
    const rules = { lists, include: [], exclude: [] };
    return [{ ...stage, work: { kind: 'matrix', stages: null }, unexpanded: { rules, each: stage } }];
  }
  const combinations = ['a', 'b'].map((v) => combinationStage(stage, { name: v, values: { v } }));
  const decision = { included: false, reasons: ["matrix.v == 'b' is false"] };
  const made = combinations.map((each, at) =>
    matrix === 'partly left out' && at === 0 ? { ...each, decision } : each,
  );
  return [
    ...made,
    gatheringStage(
      stage,
      made.map(({ id }) => id),
    ),
  ];
}
