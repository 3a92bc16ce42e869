import type { RolloutStep } from './definition.ts';
import { field, readFields, readOptionalFields, requiredField, type Reader } from './fields.ts';
import { analysisKeys, pauseKeys, rolloutStepKeys } from './keys/deploy-keys.ts';
import { namesOf } from './keys/key.ts';
import { metricRuleKeys } from './keys/metric-keys.ts';
import { readApproval } from './read-approval.ts';
import { readHeaderMatch, readRequestMatch } from './read-request-match.ts';
import { readDuration, readPercent } from './read-units.ts';
import { readBoolean } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import { describeNode, type SourceNode } from './source-node.ts';

/** What `strategy: canary` alone does: more traffic only after evidence at less. */
export const defaultCanarySteps: readonly RolloutStep[] = [
  { kind: 'set-weight', percent: 1 },
  { kind: 'analysis', forMs: 5 * 60_000 },
  { kind: 'set-weight', percent: 10 },
  { kind: 'analysis', forMs: 10 * 60_000 },
  { kind: 'set-weight', percent: 50 },
  { kind: 'analysis', forMs: 10 * 60_000 },
];

const later = ['set_canary_scale', 'experiment'];

export const readRolloutSteps: Reader<readonly RolloutStep[]> = (reading, node, name) => {
  if (node.kind !== 'list') {
    report(
      reading,
      node,
      'wrong-type',
      `${name} must be a list such as [{ set_weight: 10 }, { analysis: { for: 5m } }], not ${describeNode(node)}.`,
    );
    return [];
  }
  const steps = node.items.map((item, index) => ({
    node: item,
    steps: readStep(reading, item, `${name}[${index}]`),
  }));
  checkOrder(reading, steps);
  return steps.flatMap((each) => each.steps);
};

function readStep(reading: Reading, node: SourceNode, name: string): readonly RolloutStep[] {
  const fields = readFields(reading, node, name, { known: namesOf(rolloutStepKeys), later });
  if (fields.entries.size > 1) {
    report(
      reading,
      node,
      'conflicting-keys',
      `${name} holds ${[...fields.entries.keys()].join(' and ')}. Write each as a step of its own, with a "- " before it.`,
    );
  }
  if (node.kind === 'map' && node.entries.length === 0) {
    report(reading, node, 'empty-value', `${name} is empty. Write, for example, set_weight: 10.`);
  }
  const steps: RolloutStep[] = [];
  for (const key of fields.entries.keys()) {
    const step = stepReaders[key];
    if (step !== undefined) steps.push(field(fields, key, step, { kind: 'pause', forMs: null }));
  }
  return steps;
}

const stepReaders: Readonly<Record<string, Reader<RolloutStep>>> = {
  set_weight: (reading, node, name) => ({
    kind: 'set-weight',
    percent: readPercent(1, 99)(reading, node, name),
  }),
  set_header_route: (reading, node, name) => ({
    kind: 'set-route',
    match: isNothing(node) ? [] : readHeaderMatch(reading, node, name),
  }),
  set_route: (reading, node, name) => ({
    kind: 'set-route',
    match: isNothing(node) ? [] : readRequestMatch(reading, node, name),
  }),
  set_mirror: (reading, node, name) => ({
    kind: 'set-mirror',
    percent: readPercent(0, 100)(reading, node, name),
  }),
  pause: (reading, node, name) => ({ kind: 'pause', forMs: readPause(reading, node, name) }),
  analysis: (reading, node, name) => ({ kind: 'analysis', ...readAnalysis(reading, node, name) }),
  approve: (reading, node, name) => ({ kind: 'approve', approval: readApproval(reading, node, name) }),
};

const isNothing = (node: SourceNode): boolean => node.kind === 'scalar' && node.value === null;

/** Nothing: until a person resumes. */
const readPause: Reader<number | null> = (reading, node, name) => {
  if (node.kind === 'scalar') return node.value === null ? null : readDuration(1)(reading, node, name);
  const fields = readOptionalFields(reading, node, name, { known: namesOf(pauseKeys) });
  return field(fields, 'for', readDuration(1), null);
};

const readAnalysis: Reader<Omit<Analysis, 'kind'>> = (reading, node, name) => {
  if (node.kind === 'scalar') return { forMs: readDuration(1_000)(reading, node, name) };
  const misplaced = namesOf(metricRuleKeys);
  const fields = readFields(reading, node, name, { known: [...namesOf(analysisKeys), ...misplaced] });
  for (const key of misplaced) {
    const entry = fields.entries.get(key);
    if (entry === undefined) continue;
    const message = `${key} belongs to a metric, because each has its own: metrics: { errors: { ${key}: … } }. Move it there.`;
    report(reading, entry.keySpan, 'unknown-key', message);
  }
  const forMs = requiredField(fields, 'for', readDuration(1_000), 'for: 5m', 1_000);
  return field(fields, 'whole', readBoolean, false) ? { forMs, whole: true } : { forMs };
};

type Analysis = Extract<RolloutStep, { kind: 'analysis' }>;

/** Weights rise, and what is analysed has traffic. */
function checkOrder(
  reading: Reading,
  read: readonly { readonly node: SourceNode; readonly steps: readonly RolloutStep[] }[],
): void {
  let weight = 0;
  let isChosen = false;
  let isCopied = false;
  for (const { node, steps } of read) {
    for (const step of steps) {
      if (step.kind === 'set-weight') {
        if (step.percent <= weight) {
          report(
            reading,
            node,
            'wrong-value',
            `set_weight: ${step.percent} follows ${weight}. Weights rise from step to step; a rollback lowers them by itself.`,
          );
        }
        weight = Math.max(weight, step.percent);
      } else if (step.kind === 'set-route') {
        isChosen = step.match.length > 0;
      } else if (step.kind === 'set-mirror') {
        isCopied = step.percent > 0;
      } else if (step.kind === 'analysis' && weight === 0 && !isChosen && !isCopied) {
        report(
          reading,
          node,
          'wrong-value',
          'An analysis before the first set_weight has no traffic to measure. Put set_weight, set_route or set_mirror before it.',
        );
      }
    }
  }
}
