import { checkExpressions } from './check-expressions.ts';
import { checkStages } from './check-stages.ts';
import { priorities, type EnvValue, type PipelineDefinition, type StageDefinition } from './definition.ts';
import type { Diagnostic } from './diagnostic.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { pipeline, pipelineKeys } from './keys/pipeline-keys.ts';
import { joinIncluded, nothingFound, type FoundFiles, type JoinedFiles } from './join-files.ts';
import { readConcurrency } from './read-concurrency.ts';
import { readNotify } from './read-notify.ts';
import { readEnv } from './read-templates.ts';
import { noTriggers, readTriggerRules } from './read-trigger-rules.ts';
import { checkWarnings } from './warnings/check-warnings.ts';
import { withoutIgnored } from './warnings/ignored-warnings.ts';
import { linkToSections } from './keys/link-sections.ts';
import { readDefaults, readStages } from './read-stages.ts';
import { readChoice, readPlainText } from './read-values.ts';
import { mostTold, newRoom, report, type Reading } from './reading.ts';
import { fileAt } from './source-file.ts';
import type { SourceNode } from './source-node.ts';
import { expandUses } from './templates/expand-uses.ts';
import { openShelf } from './templates/parse-template.ts';

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
  const left = newRoom();
  const { shelf, diagnostics: inTemplates } = openShelf(found.templates, left);
  const reading: Reading = {
    source: joined.source,
    diagnostics: [],
    uses: [],
    room: left,
    templates: shelf,
    placeAt: (offset) => ({ file: fileAt(joined.source, offset), remote: null }),
    lists: found.lists,
    used: new Map(),
  };
  const definition = readFile(reading, joined, file);
  const files = joined.source.parts.map((part) => part.file);
  const own = withoutIgnored(reading.diagnostics, joined.source).toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  const diagnostics = mostTold([...own, ...inTemplates()]);
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
  const names = { inputs: definition.on.manual?.inputs ?? {}, stages: definition.stages };
  const used = checkExpressions(reading, names, 'on.manual.inputs');
  const isSound = reading.diagnostics.every(({ severity }) => severity !== 'error');
  if (isSound) checkWarnings(reading, root, definition, used);
  linkToSections(reading, root, pipeline);
  return isSound ? { ...definition, stages: expandUses(definition.stages, reading.used) } : definition;
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
    ...(fields.entries.has('notify') ? { notify: field(fields, 'notify', readNotify, []) } : {}),
    stages: requiredField(fields, 'stages', readAll, 'stages: { hello: { steps: [echo hello] } }', []),
  };
}

/** `.sluice/release.yml` is the pipeline `release`; `.sluice.yml` is `pipeline`. */
function nameFromFile(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
  return base === '' || base.startsWith('.') ? 'pipeline' : base;
}
