// A stage with `use`: which template, what it is given, and when.
import { describeInput } from '../../plan/check-inputs.ts';
import type { InputBinding, InputDefinition, StageDefinition } from '../definition.ts';
import { nameOf, type Fields } from '../fields.ts';
import { noteTemplate, readSecretName, type TemplateContext } from '../read-templates.ts';
import {
  readAnyTextNode,
  readBoolean,
  readChoice,
  readNumber,
  readPlainText,
  readTextNode,
} from '../read-values.ts';
import { isFull, report, suggestion, type GivenInput, type Reading } from '../reading.ts';
import { describeNode, type MapEntry, type SourceNode } from '../source-node.ts';
import { renameSecrets } from './rename-secrets.ts';
import type { TemplateDefinition } from './template-definition.ts';
import { unread } from './unread.ts';

/** What else may stand there. */
const allowed: readonly string[] = ['use', 'with', 'secrets', 'needs', 'if', 'matrix'];

/** `stage` is what the file says beside it. */
export function readUse(
  fields: Fields,
  stage: Omit<StageDefinition, 'work'>,
  context: TemplateContext,
): StageDefinition {
  const { reading, entries, label } = fields;
  for (const [key, entry] of entries) {
    if (allowed.includes(key)) continue;
    const message = `${nameOf(fields, key)} has no meaning for a stage with use: the stages of the template say it themselves. Remove ${key}.`;
    report(reading, entry.keySpan, 'conflicting-keys', message);
  }
  const entry = entries.get('use');
  const written = entry === undefined ? null : readTextNode(reading, entry.value, `${label}: use`);
  const nothing: StageDefinition = { ...stage, work: unread };
  if (entry === undefined || written === null) return nothing;
  const taken = reading.templates.take(written.value, reading.placeAt(entry.value.start));
  if (!taken.ok) {
    // Once is enough: the same template has the same mistakes wherever it is used.
    const isKnown =
      taken.error.code === 'broken-template' &&
      reading.diagnostics.some(({ message }) => message.endsWith(taken.error.message));
    if (!isKnown) report(reading, entry.value, taken.error.code, `${label}: use ${taken.error.message}`);
    return nothing;
  }
  warnOfBranch(reading, entry.value, written.value, taken.value);
  const secrets = readSecrets(fields, entry, taken.value);
  const template = renameSecrets(taken.value, (name) => secrets.get(name) ?? name);
  reading.used.set(stage.id, template);
  return {
    ...stage,
    work: {
      kind: 'use',
      template: { use: written.value, ...template.source },
      inputs: readWith(fields, entry, template, { written: written.value, context }),
      env: template.env,
      entry: { needs: stage.needs, if: stage.if },
      stages: [],
      outputs: template.outputs,
    },
  };
}

function warnOfBranch(
  reading: Reading,
  at: SourceNode,
  use: string,
  { version, source }: TemplateDefinition,
): void {
  if (version !== 'branch') return;
  const commit = source.commit ?? '';
  const pinned = `${use.slice(0, use.lastIndexOf('@'))}@${commit}`;
  const message = `${use} is a branch, so that it may be another template tomorrow. Name a tag, or the commit that it is now: ${pinned}.`;
  report(reading, at, 'floating-template', message, 'warning');
}

interface Given {
  readonly written: string;
  readonly context: TemplateContext;
}

function readWith(
  fields: Fields,
  use: MapEntry,
  { inputs, pasted }: TemplateDefinition,
  { written, context }: Given,
): Readonly<Record<string, InputBinding>> {
  const { reading, label } = fields;
  const entry = fields.entries.get('with');
  const given = new Map(withEntries(fields, entry).map((each) => [each.key, each]));
  for (const { key, keySpan } of given.values()) {
    if (Object.hasOwn(inputs, key) || isFull(reading)) continue;
    const names = Object.keys(inputs);
    const known = names.length === 0 ? 'It has no inputs.' : `It has ${names.join(', ')}.`;
    const message = `${written} has no input "${key}".${suggestion(reading, key, names)} ${known}`;
    report(reading, keySpan, 'unknown-input', message);
  }
  const bindings: [string, InputBinding][] = [];
  for (const [name, input] of Object.entries(inputs)) {
    const its = given.get(name);
    if (its !== undefined) {
      const pastedBy = pasted.has(name) ? written : null;
      bindings.push([
        name,
        readValue(reading, its.value, `${label}: with.${name}`, { name, input, pastedBy }, context),
      ]);
    } else if (input.default !== null) bindings.push([name, { kind: 'value', value: input.default }]);
    else {
      const message = `${label}: ${written} needs the input "${name}" (${describeInput(input)}). Add it: with: { ${name}: … }.`;
      report(reading, entry?.keySpan ?? use.keySpan, 'missing-input', message);
    }
  }
  return Object.fromEntries(bindings);
}

function withEntries({ reading, label }: Fields, entry: MapEntry | undefined): readonly MapEntry[] {
  if (entry === undefined || (entry.value.kind === 'scalar' && entry.value.value === null)) return [];
  if (entry.value.kind === 'map') return entry.value.entries;
  const message = `${label}: with must be a map of the template's inputs to values, not ${describeNode(entry.value)}.`;
  report(reading, entry.value, 'wrong-type', message);
  return [];
}

function readValue(
  reading: Reading,
  node: SourceNode,
  name: string,
  given: GivenInput,
  context: TemplateContext,
): InputBinding {
  const { input } = given;
  const isExpression = node.kind === 'scalar' && typeof node.value === 'string' && node.value.includes('${{');
  if (isExpression) {
    const text = readAnyTextNode(reading, node, name);
    noteTemplate(reading, text, 'with', context, given);
    return { kind: 'text', text: text?.value ?? '', input };
  }
  return { kind: 'value', value: readLiteral(reading, node, name, input) };
}

function readLiteral(
  reading: Reading,
  node: SourceNode,
  name: string,
  input: InputDefinition,
): string | number | boolean {
  switch (input.type) {
    case 'string':
      return readAnyTextNode(reading, node, name)?.value ?? '';
    case 'environment':
      return readPlainText(reading, node, name);
    case 'number':
      return readNumber(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)(reading, node, name);
    case 'boolean':
      return readBoolean(reading, node, name);
    case 'choice': {
      const [first, ...rest] = input.options;
      return first === undefined ? '' : readChoice([first, ...rest])(reading, node, name);
    }
  }
}

/** Name in the template → name of the secret of this project: `secrets: [npm-token]`, or `{ npm-token: our-token }`. */
function readSecrets(
  fields: Fields,
  use: MapEntry,
  { secrets }: TemplateDefinition,
): ReadonlyMap<string, string> {
  const { reading, label } = fields;
  const entry = fields.entries.get('secrets');
  const given = entry === undefined ? [] : givenSecrets(fields, entry);
  for (const { name, node } of given) {
    if (secrets.includes(name) || isFull(reading)) continue;
    const known = secrets.length === 0 ? 'It uses none.' : `It uses ${secrets.join(', ')}.`;
    const message = `The template uses no secret "${name}".${suggestion(reading, name, secrets)} ${known}`;
    report(reading, node, 'unknown-secret', message);
  }
  const names = new Map(given.map(({ name, secret }) => [name, secret]));
  const missing = secrets.filter((name) => !names.has(name));
  if (missing.length > 0) {
    const all = [...names.keys(), ...missing].join(', ');
    const message = `${label}: the template uses the secret ${missing.join(' and ')}, which it gets only from who uses it. Add secrets: [${all}], or say which of yours it is: secrets: { ${missing[0]}: our-${missing[0]} }.`;
    report(reading, entry?.keySpan ?? use.keySpan, 'missing-secret', message);
  }
  return names;
}

interface GivenSecret {
  readonly name: string;
  readonly secret: string;
  readonly node: SourceNode;
}

function givenSecrets({ reading, label }: Fields, { value }: MapEntry): readonly GivenSecret[] {
  if (value.kind === 'map')
    return value.entries.map((each) => ({
      name: each.key,
      secret: readSecretName(reading, each.value, `${label}: secrets.${each.key}`),
      node: each.value,
    }));
  const items =
    value.kind === 'list' ? value.items : value.kind === 'scalar' && value.value === null ? [] : [value];
  return items.map((node) => {
    const name = readSecretName(reading, node, `${label}: secrets`);
    return { name, secret: name, node };
  });
}
