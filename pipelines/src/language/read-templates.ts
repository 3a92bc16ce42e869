// Text with expressions: noted here, checked when the whole file has been read.
import type { EnvValue, Expression } from './definition.ts';
import { readFields, requiredField } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { secretKeys } from './keys/shapes.ts';
import { readAnyTextNode, readRecord, readText, readTextNode, variableName } from './read-values.ts';
import { report, type ExpressionPlace, type GivenInput, type Reading } from './reading.ts';
import type { MapEntry, SourceNode } from './source-node.ts';

type Env = Readonly<Record<string, EnvValue>>;

/** Where templates are read: which stage, and which variables they may name. */
export interface TemplateContext {
  readonly stage: string | null;
  readonly env: readonly Env[];
}

export function readTemplate(
  reading: Reading,
  node: SourceNode,
  name: string,
  place: ExpressionPlace,
  context: TemplateContext,
): string {
  const text = readTextNode(reading, node, name);
  if (text === null) return '';
  note(reading, place, text, context);
  return text.value;
}

/** A bare condition: CEL text, or true and false. */
export function readCondition(
  reading: Reading,
  node: SourceNode,
  name: string,
  place: 'stage-condition' | 'step-condition',
  context: TemplateContext,
): Expression {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return String(node.value);
  const text = readTextNode(reading, node, name);
  if (text === null) return 'true';
  const [, inner] = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text.value) ?? [];
  if (inner !== undefined || text.value.includes('${{')) {
    const help =
      inner === undefined ? 'Write the expression without ${{ and }}.' : `Write ${inner.trim()} alone.`;
    report(reading, node, 'no-braces-in-condition', `${name} is an expression already. ${help}`);
    return 'true';
  }
  uses(reading, place, { ...text, value: text.value.trim() }, context);
  return text.value.trim();
}

/** Variables: text, or `{ secret: name }`. */
export function readEnv(
  reading: Reading,
  node: SourceNode,
  name: string,
  place: 'pipeline-env' | 'stage-env' | 'text',
  context: TemplateContext,
): Env {
  const readValue = (_: Reading, entry: MapEntry, label: string): EnvValue =>
    readEnvValue(reading, entry.value, label, place, context);
  return readRecord(readValue, variableName)(reading, node, name);
}

function readEnvValue(
  reading: Reading,
  node: SourceNode,
  name: string,
  place: ExpressionPlace,
  context: TemplateContext,
): EnvValue {
  if (node.kind === 'map') {
    const fields = readFields(reading, node, name, { known: namesOf(secretKeys) });
    return {
      kind: 'secret',
      secret: requiredField(fields, 'secret', readSecretName, '{ secret: npm-token }', ''),
    };
  }
  const text = readAnyTextNode(reading, node, name);
  if (text === null) return { kind: 'text', text: '' };
  note(reading, place, text, context);
  return { kind: 'text', text: text.value };
}

export function readSecretName(reading: Reading, node: SourceNode, name: string): string {
  if (node.kind === 'scalar' && node.value === null) {
    report(reading, node, 'empty-value', `${name} names no secret. Write its name: { secret: npm-token }.`);
    return '';
  }
  const secret = readText(reading, node, name);
  if (secret !== '' && !/^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(secret)) {
    const message = `${name}: this is not the name of a secret. A name begins with a letter and has letters, digits, ., _ and -; the secret itself never stands in the file.`;
    report(reading, node, 'bad-secret-name', message);
  }
  return secret;
}

/** Has the template checked at the end, when all names are known; `null` was reported already. */
export function noteTemplate(
  reading: Reading,
  node: ReturnType<typeof readTextNode>,
  place: ExpressionPlace,
  context: TemplateContext,
  given?: GivenInput,
): void {
  if (node !== null) note(reading, place, node, context, given);
}

function note(
  reading: Reading,
  place: ExpressionPlace,
  node: Noted,
  context: TemplateContext,
  given?: GivenInput,
): void {
  if (node.value.includes('${{')) uses(reading, place, node, context, given);
}

type Noted = NonNullable<ReturnType<typeof readTextNode>>;

function uses(
  reading: Reading,
  place: ExpressionPlace,
  node: Noted,
  { stage, env }: TemplateContext,
  given?: GivenInput,
): void {
  const its = given === undefined ? {} : { given };
  reading.uses.push({ place, node, text: node.value, stage, env, ...its });
}
