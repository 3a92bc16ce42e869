// What a file of stages has: a pipeline, and a template too.
import { combine, knownMatrix } from '../plan/combine.ts';
import { maxNeeds, maxStages } from '../plan/plan.ts';
import type { EnvValue, MatrixRules, StageDefinition } from './definition.ts';
import { field, readOptionalFields, type Fields } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { defaultKeys } from './keys/pipeline-keys.ts';
import { readImageName } from './read-image-name.ts';
import { defaultRetry, readRetry } from './read-retry.ts';
import { readPool, readStage, type StageDefaults } from './read-stage.ts';
import { readResources, readShell } from './read-steps-work.ts';
import { readDuration } from './read-units.ts';
import { checkName, wordName } from './read-values.ts';
import { isFull, report, type Reading } from './reading.ts';
import { describeNode, type SourceNode } from './source-node.ts';

export function readDefaults(fields: Fields, env: Readonly<Record<string, EnvValue>>): StageDefaults {
  const none: StageDefaults = {
    timeoutMs: 30 * 60_000,
    retry: defaultRetry,
    resources: { cpu: null, memoryBytes: null, pids: null },
    image: null,
    shell: 'sh',
    pool: null,
  };
  const { reading } = fields;
  const entry = fields.entries.get('defaults');
  if (entry === undefined) return none;
  const defaults = readOptionalFields(reading, entry.value, 'defaults', {
    known: namesOf(defaultKeys),
  });
  return {
    timeoutMs: field(defaults, 'timeout', readDuration(1_000), none.timeoutMs),
    retry: field(defaults, 'retry', readRetry(none.retry), none.retry),
    resources: field(
      defaults,
      'resources',
      (_, node, name) => readResources(reading, node, name, none.resources),
      none.resources,
    ),
    image: field(defaults, 'image', readImageName({ stage: null, env: [env] }), none.image),
    shell: field(defaults, 'shell', readShell, none.shell),
    pool: field(defaults, 'pool', readPool, none.pool),
  };
}

export function readStages(
  reading: Reading,
  node: SourceNode,
  env: Readonly<Record<string, EnvValue>>,
  defaults: StageDefaults,
): readonly StageDefinition[] {
  if (node.kind !== 'map') {
    const help =
      node.kind === 'list' ? ' Write each stage as "name:" with its keys below, without a "-".' : '';
    report(
      reading,
      node,
      'wrong-type',
      `stages must be a map of names to stages, not ${describeNode(node)}.${help}`,
    );
    return [];
  }
  if (node.entries.length === 0)
    report(reading, node, 'empty-value', 'stages is empty. Add one: hello: { steps: [echo hello] }.');
  if (node.entries.length > maxStages) {
    const message = `The file has ${node.entries.length} stages, and at most ${maxStages} can be planned. Split it into several pipelines.`;
    report(reading, node.entries[maxStages]?.keySpan ?? node, 'too-many-stages', message);
    return [];
  }
  const stages: StageDefinition[] = [];
  for (const entry of node.entries) {
    // Nothing comes of a file like this, and nothing more of it would be told.
    if (isFull(reading)) return stages;
    checkName(reading, entry, 'stages', wordName);
    stages.push(readStage(reading, entry.key, entry.value, env, defaults));
  }
  checkExpandedCount(reading, node, stages);
  return stages;
}

/** Combinations count, as far as the file alone says how many there are. */
function checkExpandedCount(reading: Reading, node: SourceNode, stages: readonly StageDefinition[]): void {
  const brought = (id: string): readonly StageDefinition[] => reading.used.get(id)?.stages ?? [];
  const needs = countNeeds(stages, brought);
  if (needs > maxNeeds) {
    const message = `The stages have ${needs} needs in all, those of each combination of a matrix counted, and at most ${maxNeeds} can be planned. Put a stage between: one that needs them all, and that the others need.`;
    report(reading, { start: node.start, end: node.start + 1 }, 'too-many-needs', message);
  }
  const count = countAll(stages, brought);
  if (count <= maxStages || stages.length > maxStages) return;
  const message = `With the stages of templates and all combinations of matrices these are ${count} stages, and at most ${maxStages} can be planned. Shorten the lists, or split the file into several pipelines.`;
  report(reading, { start: node.start, end: node.start + 1 }, 'too-many-stages', message);
}

/** Of a stage with a matrix that uses a template, the template's stages count once for each combination. */
function countAll(
  stages: readonly StageDefinition[],
  brought: (id: string) => readonly StageDefinition[],
): number {
  return stages.reduce((sum, { id, matrix }) => {
    const own = matrix === null ? 0 : countOf(matrix);
    const members = countAll(brought(id), () => []);
    return sum + 1 + own + (matrix === null ? members : own * members);
  }, 0);
}

/** A stage of a template that needs nothing there has the needs of the stage that uses it. */
function countNeeds(
  stages: readonly StageDefinition[],
  brought: (id: string) => readonly StageDefinition[],
): number {
  return stages.reduce((sum, { id, matrix, needs }) => {
    const members = brought(id);
    const own =
      members.length === 0
        ? needs.length
        : members.filter((each) => each.needs.length === 0).length * needs.length;
    const all = own + countNeeds(members, () => []);
    return sum + all * Math.max(1, matrix === null ? 1 : countOf(matrix));
  }, 0);
}

function countOf(matrix: MatrixRules): number {
  const known = knownMatrix(matrix);
  const combined = known === null ? null : combine(known);
  return combined?.ok === true ? combined.value.length : 0;
}
