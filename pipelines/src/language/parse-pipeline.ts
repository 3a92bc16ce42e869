import { checkExpressions } from './check-expressions.ts';
import { combine, knownMatrix } from '../plan/combine.ts';
import { maxStages } from '../plan/plan.ts';
import { checkStages } from './check-stages.ts';
import {
  priorities,
  type EnvValue,
  type MatrixRules,
  type PipelineDefinition,
  type StageDefinition,
} from './definition.ts';
import type { Diagnostic } from './diagnostic.ts';
import { field, readFields, readOptionalFields, requiredField, type Fields, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { defaultKeys, pipelineKeys } from './keys/pipeline-keys.ts';
import { joinIncluded, nothingFound, type FoundFiles, type JoinedFiles } from './join-files.ts';
import { readConcurrency } from './read-concurrency.ts';
import { defaultRetry, readRetry } from './read-retry.ts';
import { readImageName } from './read-image-name.ts';
import { readPool, readStage, type StageDefaults } from './read-stage.ts';
import { readResources, readShell } from './read-steps-work.ts';
import { readEnv } from './read-templates.ts';
import { noTriggers, readTriggerRules } from './read-trigger-rules.ts';
import { checkWarnings } from './warnings/check-warnings.ts';
import { withoutIgnored } from './warnings/ignored-warnings.ts';
import { linkToSections } from './keys/link-sections.ts';
import { readDuration } from './read-units.ts';
import { checkName, readChoice, readPlainText, wordName } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import { describeNode, type SourceNode } from './source-node.ts';

/** Matrices for four times as many stages as a plan can have; ten words compared with as many names. */
const room = { combinations: 4 * maxStages, comparisons: 10 * maxStages };

export interface ParsedPipeline {
  /** Null exactly when a diagnostic is an error. */
  readonly definition: PipelineDefinition | null;
  /** In the order of the files; at most 100. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a pipeline file. Every mistake is found in one pass: no text makes it throw, and none costs more than
 * its size. `file` is the name that messages begin with; `found` is what `gatherFiles` has read for it.
 */
export function parsePipeline(text: string, file: string, found: FoundFiles = nothingFound): ParsedPipeline {
  const joined = joinIncluded(text, file, found);
  const reading: Reading = { source: joined.source, diagnostics: [], uses: [], room: { ...room } };
  const definition = readFile(reading, joined, file);
  const files = joined.source.parts.map((part) => part.file);
  const diagnostics = withoutIgnored(reading.diagnostics, joined.source).toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  const isBroken = definition === null || diagnostics.some((each) => each.severity === 'error');
  return { definition: isBroken ? null : definition, diagnostics };
}

function readFile(
  reading: Reading,
  { root, problems }: JoinedFiles,
  file: string,
): PipelineDefinition | null {
  for (const problem of problems) report(reading, problem, problem.code, problem.message);
  if (root === null) {
    if (problems.length === 0) reportEmpty(reading);
    return null;
  }
  if (root.kind === 'scalar' && root.value === null) {
    reportEmpty(reading);
    return null;
  }
  const definition = readDefinition(reading, root, file);
  checkStages(reading, root, definition.stages);
  const used = checkExpressions(reading, definition);
  const isSound = reading.diagnostics.every(({ severity }) => severity !== 'error');
  if (isSound) checkWarnings(reading, root, definition, used);
  linkToSections(reading, root);
  return definition;
}

function reportEmpty(reading: Reading): void {
  const message =
    'The file is empty. Begin with on: push and a stage: stages: { hello: { steps: [echo hello] } }.';
  report(reading, { start: 0, end: 1 }, 'empty-file', message);
}

function readDefinition(reading: Reading, root: SourceNode, file: string): PipelineDefinition {
  const fields = readFields(reading, root, '', {
    known: namesOf(pipelineKeys),
    later: ['use', 'services', 'cache', 'inputs'],
  });
  const readPipelineEnv: Reader<Readonly<Record<string, EnvValue>>> = (_, node, name) =>
    readEnv(reading, node, name, 'pipeline-env', { stage: null, env: [] });
  const env = field(fields, 'env', readPipelineEnv, {});
  const defaults = readDefaults(fields, env);
  const readAll: Reader<readonly StageDefinition[]> = (_, node) => readStages(reading, node, env, defaults);
  return {
    name: field(fields, 'name', readPlainText, nameFromFile(file)),
    file,
    on: requiredField(fields, 'on', readTriggerRules, 'on: push', noTriggers),
    env,
    priority: field(fields, 'priority', readChoice(priorities), null),
    concurrency: field(fields, 'concurrency', readConcurrency({ stage: null, env: [env] }), null),
    stages: requiredField(fields, 'stages', readAll, 'stages: { hello: { steps: [echo hello] } }', []),
  };
}

/** `.sluice/release.yml` is the pipeline `release`; `.sluice.yml` is `pipeline`. */
function nameFromFile(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
  return base === '' || base.startsWith('.') ? 'pipeline' : base;
}

function readDefaults(fields: Fields, env: Readonly<Record<string, EnvValue>>): StageDefaults {
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

function readStages(
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
  const stages = node.entries.map((entry) => {
    checkName(reading, entry, 'stages', wordName);
    return readStage(reading, entry.key, entry.value, env, defaults);
  });
  checkExpandedCount(reading, node, stages);
  return stages;
}

/** Combinations count, as far as the file alone says how many there are. */
function checkExpandedCount(reading: Reading, node: SourceNode, stages: readonly StageDefinition[]): void {
  const count = stages.reduce((sum, { matrix }) => sum + 1 + (matrix === null ? 0 : countOf(matrix)), 0);
  if (count <= maxStages || stages.length > maxStages) return;
  const message = `With all combinations of their matrices these are ${count} stages, and at most ${maxStages} can be planned. Shorten the lists, or split the file into several pipelines.`;
  report(reading, { start: node.start, end: node.start + 1 }, 'too-many-stages', message);
}

function countOf(matrix: MatrixRules): number {
  const known = knownMatrix(matrix);
  const combined = known === null ? null : combine(known);
  return combined?.ok === true ? combined.value.length : 0;
}
