// The template files of a plan: each is read once, by the readers of stages, with its own inputs and variables.
import { err, ok, type Result } from '../../result.ts';
import { secretNamesOf } from '../../plan/stage-secrets.ts';
import { checkExpressions } from '../check-expressions.ts';
import { checkStages } from '../check-stages.ts';
import type { EnvValue, InputDefinition, StageDefinition, Template } from '../definition.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { field, readFields, requiredField, type Reader } from '../fields.ts';
import { entriesOf, entryAt } from '../find-node.ts';
import type { FoundFiles } from '../join-files.ts';
import { linkToSections } from '../keys/link-sections.ts';
import { namesOf } from '../keys/key.ts';
import { template as templateShape, templateKeys } from '../keys/template-keys.ts';
import { readDefaults, readStages } from '../read-stages.ts';
import { readEnv, readSecretName, readTemplate } from '../read-templates.ts';
import { readInputs } from '../read-trigger-rules.ts';
import { readList, readRecord, variableName } from '../read-values.ts';
import { readYaml } from '../read-yaml.ts';
import { mostTold, newRoom, report, type Reading } from '../reading.ts';
import { sourceFile } from '../source-file.ts';
import type { SourceNode } from '../source-node.ts';
import { referencesIn, valuesBehind } from '../values-behind.ts';
import { withoutIgnored } from '../warnings/ignored-warnings.ts';
import { expandUses } from './expand-uses.ts';
import { placeIn } from './gather-templates.ts';
import type {
  TemplateAnswer,
  TemplateDefinition,
  TemplateFault,
  TemplateShelf,
} from './template-definition.ts';
import { readTemplateName, templateKey } from './template-name.ts';

type Found = Extract<TemplateAnswer, { readonly kind: 'found' }>;
type Taken = Result<TemplateDefinition, TemplateFault>;

/** Templates in a row, each of which uses the next. */
const maxChain = 10;

/** `diagnostics`: what is wrong in the templates that were taken so far. */
export function openShelf(
  answers: ReadonlyMap<string, TemplateAnswer>,
  room: Reading['room'],
): {
  readonly shelf: TemplateShelf;
  readonly diagnostics: () => readonly Diagnostic[];
} {
  const taken = new Map<string, Taken>();
  const diagnostics: Diagnostic[] = [];
  const chain: string[] = [];
  const fault = (code: string, message: string): Taken => err({ code, message });

  function takeOne(key: string): Taken {
    const answer = answers.get(key);
    if (answer === undefined)
      return fault('template-not-read', `names "${key}", which was not read: only this one file is at hand.`);
    if (answer.kind === 'refused') return fault('template-not-found', `names "${key}", which ${answer.why}`);
    if (chain.length >= maxChain)
      return fault(
        'template-too-deep',
        `is the ${maxChain + 1}th template that uses another one in a row: ${chain.join(' → ')}. Use it in one of the first ones.`,
      );
    chain.push(key);
    const parsed = parseTemplate(key, answer, shelf, room);
    chain.pop();
    diagnostics.push(...parsed.diagnostics);
    return parsed.template === null
      ? fault('broken-template', `names "${key}", which has mistakes. They are shown in that file.`)
      : ok(parsed.template);
  }

  const shelf: TemplateShelf = {
    take(written, place) {
      const name = readTemplateName(written, place);
      if (!name.ok) return fault('bad-template-name', name.error);
      const key = templateKey(name.value);
      if (chain.includes(key)) {
        const circle = [...chain.slice(chain.indexOf(key)), key].join(' → ');
        return fault('template-cycle', `leads round in a circle: ${circle}. Remove one of these uses.`);
      }
      const known = taken.get(key);
      if (known !== undefined) return known;
      const result = takeOne(key);
      taken.set(key, result);
      return result;
    },
  };
  return { shelf, diagnostics: () => diagnostics };
}

export interface ParsedTemplate {
  /** Null exactly when a diagnostic is an error. */
  readonly template: TemplateDefinition | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** What is wrong in a template that nobody uses yet. `found`: what `gatherFiles` has read for it. */
export function checkTemplate(text: string, file: string, found: FoundFiles): readonly Diagnostic[] {
  const room = newRoom();
  const { shelf, diagnostics } = openShelf(found.templates, room);
  const answer: Found = { kind: 'found', text, repository: null, path: file, commit: null, version: 'none' };
  const own = parseTemplate(file, answer, shelf, room).diagnostics;
  return mostTold([...own, ...diagnostics()]);
}

/** A file that begins with `inputs` and has no events is meant as one. */
export function isTemplate(text: string): boolean {
  const { root } = readYaml(text);
  return entryAt(root ?? undefined, 'inputs') !== undefined && entryAt(root ?? undefined, 'on') === undefined;
}

/** Reads a template file; `file` is the name that messages begin with. */
function parseTemplate(
  file: string,
  answer: Found,
  shelf: TemplateShelf,
  room: Reading['room'],
): ParsedTemplate {
  const source = sourceFile(file, answer.text);
  const place = placeIn(answer);
  const reading: Reading = {
    source,
    diagnostics: [],
    uses: [],
    room,
    templates: shelf,
    placeAt: () => place,
    lists: null,
    used: new Map(),
  };
  const template = readTemplateFile(reading, answer);
  const diagnostics = withoutIgnored(reading.diagnostics, source).toSorted(
    (a, b) => a.line - b.line || a.column - b.column,
  );
  const isBroken = diagnostics.some(({ severity }) => severity === 'error');
  return { template: isBroken ? null : template, diagnostics };
}

function readTemplateFile(reading: Reading, answer: Found): TemplateDefinition | null {
  const { root, problems } = readYaml(answer.text);
  for (const problem of problems) report(reading, problem, problem.code, problem.message);
  if (root === null || (root.kind === 'scalar' && root.value === null)) {
    const message =
      'The template is empty. Begin with inputs: {} and stages: { test: { steps: [npm test] } }.';
    if (problems.length === 0) report(reading, { start: 0, end: 1 }, 'empty-file', message);
    return null;
  }
  const { stages, ...file } = readKeys(reading, root);
  checkStages(reading, root, stages);
  checkExpressions(reading, { inputs: file.inputs, stages }, 'inputs');
  checkSecrets(
    reading,
    root,
    file.secrets,
    [...stages, ...[...reading.used.values()].flatMap((each) => each.stages)],
    file.env,
  );
  linkToSections(reading, root, templateShape);
  const { repository, path, commit, version } = answer;
  return {
    ...file,
    source: { repository, path, commit },
    version,
    stages: expandUses(stages, reading.used),
    pasted: pastedInputs(reading),
  };
}

interface TemplateFile {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, EnvValue>>;
  readonly stages: readonly StageDefinition[];
  readonly outputs: Readonly<Record<string, Template>>;
}

function readKeys(reading: Reading, root: SourceNode): TemplateFile {
  for (const { key, keySpan } of entriesOf(root)) {
    if (key === 'include') {
      const message =
        'A template is one file, so that its version says all of it. Use another template beside it: stages: { more: { use: ./more.yml } }.';
      report(reading, keySpan, 'no-include-here', message);
    }
    if (key !== 'on') continue;
    const message =
      'This is a pipeline, which its events start. A template has inputs in place of on: inputs: {}.';
    report(reading, keySpan, 'not-a-template', message);
  }
  const fields = readFields(reading, root, '', { known: [...namesOf(templateKeys), 'on', 'include'] });
  const nowhere = { stage: null, env: [] };
  const readVariables: Reader<TemplateFile['env']> = (_, node, name) =>
    readEnv(reading, node, name, 'pipeline-env', nowhere);
  const env = field(fields, 'env', readVariables, {});
  const defaults = readDefaults(fields, env);
  const readAll: Reader<readonly StageDefinition[]> = (_, node) => readStages(reading, node, env, defaults);
  const readOutput = readRecord(
    (_, entry, name) =>
      readTemplate(reading, entry.value, name, 'template-output', { stage: null, env: [env] }),
    variableName,
  );
  return {
    inputs: requiredField(fields, 'inputs', readInputs, 'inputs: {}', {}),
    secrets: field(fields, 'secrets', readList(readSecretName), []),
    env,
    stages: requiredField(fields, 'stages', readAll, 'stages: { test: { steps: [npm test] } }', []),
    outputs: field(fields, 'outputs', readOutput, {}),
  };
}

/** Who uses a template must see which of his secrets it gets. */
function checkSecrets(
  reading: Reading,
  root: SourceNode,
  declared: readonly string[],
  stages: readonly StageDefinition[],
  env: TemplateFile['env'],
): void {
  const used = new Set([
    ...secretNamesOf(env, noWork),
    ...stages.flatMap((stage) => secretNamesOf(stage.env, stage.work)),
  ]);
  for (const name of used) {
    if (name === '' || declared.includes(name)) continue;
    const message = `The template uses the secret ${name} and does not say so. Add it to secrets: [${[...declared, name].join(', ')}].`;
    report(
      reading,
      secretPlace(root, name) ?? { start: root.start, end: root.start + 1 },
      'undeclared-secret',
      message,
    );
  }
}

const noWork = { kind: 'matrix', stages: null } as const;

function secretPlace(node: SourceNode, name: string): SourceNode | null {
  if (node.kind === 'scalar') return null;
  if (node.kind === 'list')
    return node.items.map((item) => secretPlace(item, name)).find((each) => each !== null) ?? null;
  for (const { key, value } of node.entries) {
    const found =
      key === 'secret' && value.kind === 'scalar' && value.value === name ? value : secretPlace(value, name);
    if (found !== null) return found;
  }
  return null;
}

/** Also through variables, and through the templates that it uses itself. */
function pastedInputs({ uses }: Reading): ReadonlySet<string> {
  const pasted = new Set<string>();
  for (const { place, text, env, given } of uses) {
    if (place !== 'command' && (given?.pastedBy ?? null) === null) continue;
    for (const reference of referencesIn(text).flatMap((each) => valuesBehind(env, each))) {
      const [root, name] = reference.path;
      if (root === 'inputs' && name !== undefined) pasted.add(name);
    }
  }
  return pasted;
}
