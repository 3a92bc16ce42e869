// How long it takes to read and to plan pipelines of 1,000 to 10,000 stages, in several shapes: a stage of a large
// file must cost no more than one of a small file.
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { PushTrigger } from '@sluice/pipelines/trigger/trigger';
import { median, type Figure } from './figure.ts';
import { matrixOf, pipelineOfBytes, shapes } from './planning-shapes.ts';

const sizes = [1_000, 2_000, 5_000, 10_000];
const rounds = 7;
/** Of the time for a stage of the largest file to that of the smallest one. */
const mostGrowth = 1.5;

const trigger: PushTrigger = {
  event: 'push',
  repository: 'acme/shop',
  actor: 'ada',
  branch: 'main',
  commit: { sha: 'a'.repeat(40), message: 'make it so', author: 'ada' },
  changedFiles: null,
};

export async function planning(say: (line: string) => void): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [shape, write] of Object.entries(shapes)) {
    const times = sizes.map((): Times => ({ parse: [], plan: [] }));
    for (const size of sizes) once(write(size, 0));
    // In turn, so that what else goes on here meets all of them.
    for (let round = 1; round <= rounds; round += 1)
      sizes.forEach((size, index) => {
        const its = once(write(size, round));
        times[index]?.parse.push(its.parseMs);
        times[index]?.plan.push(its.planMs);
      });
    for (const what of ['parse', 'plan'] as const) {
      const shown = sizes.map(
        (size, index) => `${size}: ${median(times[index]?.[what] ?? []).toFixed(0)} ms`,
      );
      say(`${shape}, ${what}: ${shown.join(', ')}`);
      figures.push(...growth(shape, what, times, shown.join(', ')));
    }
  }
  return [...figures, ...ofOneMatrix(say), ...ofLargestFile(say)];
}

interface Times {
  readonly parse: number[];
  readonly plan: number[];
}

function growth(
  shape: string,
  what: 'parse' | 'plan',
  times: readonly Times[],
  shown: string,
): readonly Figure[] {
  const [smallest, ...others] = sizes;
  const largest = others.at(-1);
  if (smallest === undefined || largest === undefined) return [];
  const perThousand = (size: number): number[] =>
    (times[sizes.indexOf(size)]?.[what] ?? []).map((ms) => (ms * 1_000) / size);
  const verb = what === 'parse' ? 'read' : 'planned';
  const note = `processor time of this process, the median of ${rounds} rounds, the sizes in turn: ${shown}.`;
  return [
    {
      name: `1000 of ${largest} stages ${verb} (${shape})`,
      limit: `1000 of ${smallest} stages`,
      unit: 'ms',
      ours: perThousand(largest),
      limits: perThousand(smallest),
      goal: { kind: 'ratio', is: 'at-most', ratio: mostGrowth },
      note,
    },
    {
      name: `${largest} stages ${verb} (${shape})`,
      limit: `${smallest} stages`,
      unit: 'ms',
      ours: times.at(-1)?.[what] ?? [],
      limits: times[0]?.[what] ?? [],
      goal: what === 'plan' ? { kind: 'quantile', share: 0.5, atMost: 1_000 } : { kind: 'shown' },
      note,
    },
  ];
}

function ofOneMatrix(say: (line: string) => void): readonly Figure[] {
  const [one, all] = [matrixOf(1), matrixOf(256)];
  const measure = (text: string): number[] =>
    Array.from({ length: rounds * 3 }, () => {
      const { parseMs, planMs } = once(text);
      return parseMs + planMs;
    });
  const [limits, ours] = [measure(one), measure(all)];
  say(`a matrix of 256: ${median(ours).toFixed(1)} ms, of one: ${median(limits).toFixed(1)} ms`);
  return [
    {
      name: 'a matrix of 256 combinations, read and planned',
      limit: 'one of a single combination',
      unit: 'ms',
      ours,
      limits,
      goal: { kind: 'quantile', share: 0.5, atMost: 100 },
      note: 'each combination has a condition, a variable and a command of its own.',
    },
  ];
}

/** Of what a plan and a definition hold on to, after what was only needed on the way is gone. */
function ofLargestFile(say: (line: string) => void): readonly Figure[] {
  const text = pipelineOfBytes(1_048_576);
  const before = heapMb();
  const made = Array.from({ length: 3 }, () => once(text));
  const after = heapMb();
  const parse = made.map(({ parseMs }) => parseMs);
  const plan = made.map(({ planMs }) => planMs);
  const held = (after - before) / made.length;
  const peak = process.resourceUsage().maxRSS / 1_000;
  const stages = made[0]?.plan.stages.length ?? 0;
  say(
    `a file of 1 MiB, ${stages} stages: ${median(parse).toFixed(0)} + ${median(plan).toFixed(0)} ms, ${held.toFixed(0)} MB`,
  );
  const note = `${stages} stages with long commands; processor time of this process.`;
  return [
    {
      name: 'a file of 1 MiB is read',
      limit: 'it is planned',
      unit: 'ms',
      ours: parse,
      limits: plan,
      goal: { kind: 'shown' },
      note,
    },
    {
      name: 'memory of the definition and the plan of a file of 1 MiB',
      limit: 'the most that the process of the bench ever held',
      unit: 'MB',
      ours: [held],
      limits: [peak],
      goal: { kind: 'shown' },
      note: `heap that stays in use${globalThis.gc === undefined ? ', not yet collected garbage included (node --expose-gc tells it without)' : ''}.`,
    },
  ];
}

interface Once {
  readonly definition: PipelineDefinition;
  readonly plan: Plan;
  readonly parseMs: number;
  readonly planMs: number;
}

function once(text: string): Once {
  const begun = cpuMs();
  const { definition, diagnostics } = parsePipeline(text, 'bench.yml');
  const parsed = cpuMs();
  if (definition === null) throw new Error(diagnostics[0]?.message ?? 'not a pipeline');
  const outcome = buildPlan(definition, trigger);
  const planned = cpuMs();
  if (outcome.kind !== 'planned') throw new Error(outcome.reasons.join('; '));
  return { definition, plan: outcome.plan, parseMs: parsed - begun, planMs: planned - parsed };
}

/** Of this process, so that other processes of the machine do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}
