// The language's keys as a JSON Schema (draft-07, which the YAML servers of editors understand).
import type { Key, MapShape, Shape } from '../keys/key.ts';
import { pipeline } from '../keys/pipeline-keys.ts';
import { template } from '../keys/template-keys.ts';
import { describeShape } from '../keys/describe-shape.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * Accepts every file that the parser accepts. What needs a look at the rest of the file (that a stage exists, what an
 * expression may name, that weights rise) is left to `sluice lint`.
 */
export const pipelineSchema = (): JsonObject =>
  schemaFor(pipeline, 'A pipeline of Sluice', 'What .sluice.yml may hold.');

/** The same of the files that stages use. */
export const templateSchema = (): JsonObject =>
  schemaFor(template, 'A template of Sluice', 'What a file that stages use may hold.');

function schemaFor(shape: MapShape, title: string, description: string): JsonObject {
  const definitions = new Map<MapShape, Definition>();
  const root = mapSchema(shape, definitions);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    description,
    ...root,
    definitions: Object.fromEntries([...definitions.values()].map(({ name, schema }) => [name, schema])),
  };
}

interface Definition {
  readonly name: string;
  schema: JsonObject;
}

type Definitions = Map<MapShape, Definition>;

function schemaOf(shape: Shape, definitions: Definitions): JsonObject {
  switch (shape.kind) {
    case 'nothing':
      return { type: 'null' };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return {
        type: shape.whole ? 'integer' : 'number',
        ...(Math.abs(shape.least) < Number.MAX_SAFE_INTEGER && { minimum: shape.least }),
        ...(shape.most < Number.MAX_SAFE_INTEGER && { maximum: shape.most }),
      };
    case 'choice':
      return { type: 'string', enum: shape.choices };
    case 'text':
      return {
        type: 'string',
        ...(shape.pattern !== '' && { pattern: shape.pattern }),
        ...(shape.examples.length > 0 && { examples: shape.examples }),
      };
    case 'list':
      return {
        type: 'array',
        items: schemaOf(shape.of, definitions),
        ...(shape.least > 0 && { minItems: shape.least }),
      };
    case 'one-of':
      return { anyOf: shape.shapes.map((each) => schemaOf(each, definitions)) };
    case 'map':
      return reference(shape, definitions);
  }
}

/** Each map is written once, under a name made of what it is called. */
function reference(shape: MapShape, definitions: Definitions): JsonObject {
  let definition = definitions.get(shape);
  if (definition === undefined) {
    const wanted = shape.called.replace(/^an? /, '').replaceAll(' ', '-');
    const taken = new Set([...definitions.values()].map((each) => each.name));
    let name = wanted;
    for (let count = 2; taken.has(name); count += 1) name = `${wanted}-${count}`;
    definition = { name, schema: {} };
    definitions.set(shape, definition);
    definition.schema = mapSchema(shape, definitions);
  }
  return { $ref: `#/definitions/${definition.name}` };
}

function mapSchema(shape: MapShape, definitions: Definitions): JsonObject {
  const { keys, others, rules } = shape;
  const entries = Object.entries(keys);
  const required = entries.filter(([, key]) => key.required === true).map(([name]) => name);
  const together = Object.entries(rules.together ?? {});
  const conditions = conditionsOf(shape);
  return {
    type: 'object',
    ...(entries.length > 0 && {
      properties: Object.fromEntries(entries.map(([name, key]) => [name, keySchema(key, definitions)])),
    }),
    ...(required.length > 0 && { required }),
    additionalProperties: others === null ? false : schemaOf(others.shape, definitions),
    ...(others !== null && others.pattern !== '' && { propertyNames: { pattern: others.pattern } }),
    ...(rules.notEmpty === true && { minProperties: 1 }),
    ...(together.length > 0 && { dependencies: Object.fromEntries(together) }),
    ...(conditions.length > 0 && { allOf: conditions }),
  };
}

const asks = (name: string): JsonObject => ({ required: [name] });

function conditionsOf({ rules }: MapShape): readonly JsonObject[] {
  return [
    ...(rules.exactlyOne ?? []).map((names) => ({ oneOf: names.map(asks) })),
    ...(rules.atLeastOne ?? []).map((names) => ({ anyOf: names.map(asks) })),
    ...Object.entries(rules.conflicts ?? {}).flatMap(([name, others]) =>
      others.map((other) => ({ not: { required: [name, other] } })),
    ),
  ];
}

function keySchema({ shape, says, fallback }: Key, definitions: Definitions): JsonObject {
  const schema = schemaOf(shape, definitions);
  const also = fallback === undefined ? '' : ` Default: ${fallback}.`;
  const description = `${says}${also} (${describeShape(shape)})`;
  // Beside a $ref, draft-07 has other keys ignored.
  return '$ref' in schema ? { description, allOf: [schema] } : { description, ...schema };
}
