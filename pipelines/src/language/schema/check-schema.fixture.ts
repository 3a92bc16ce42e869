// The part of JSON Schema (draft-07) that our schema is made of, for tests. A word that it does not know throws, so
// that nothing of the schema goes unchecked.
import type { Json, JsonObject } from './json-schema.ts';

/** Paths and reasons; empty: the value is accepted. */
export function schemaProblems(schema: JsonObject, value: unknown): readonly string[] {
  return check({ root: schema, schema, value, path: '' });
}

interface At {
  readonly root: JsonObject;
  readonly schema: JsonObject;
  readonly value: unknown;
  readonly path: string;
}

type Rule = (at: At, wanted: Json) => readonly string[];

function check(at: At): readonly string[] {
  const { $ref } = at.schema;
  if (typeof $ref === 'string') return check({ ...at, schema: definition(at.root, $ref) });
  return Object.entries(at.schema).flatMap(([word, wanted]) => {
    const rule = rules[word];
    if (rule === undefined) throw new Error(`this check does not know "${word}"`);
    return rule(at, wanted);
  });
}

function definition(root: JsonObject, reference: string): JsonObject {
  const name = reference.replace('#/definitions/', '');
  return object(object(root['definitions'])[name]);
}

const rules: Readonly<Record<string, Rule>> = {
  type: (at, wanted) => (typesOf(at.value).includes(word(wanted)) ? [] : [`${at.path}: not ${word(wanted)}`]),
  enum: (at, wanted) => (list(wanted).some((each) => each === at.value) ? [] : [`${at.path}: not a choice`]),
  pattern: ({ value, path }, wanted) =>
    typeof value !== 'string' || new RegExp(word(wanted), 'u').test(value)
      ? []
      : [`${path}: not like ${word(wanted)}`],
  minimum: ({ value, path }, wanted) =>
    typeof value === 'number' && value < Number(word(wanted)) ? [`${path}: too small`] : [],
  maximum: ({ value, path }, wanted) =>
    typeof value === 'number' && value > Number(word(wanted)) ? [`${path}: too large`] : [],
  minItems: ({ value, path }, wanted) =>
    Array.isArray(value) && value.length < Number(word(wanted)) ? [`${path}: too few`] : [],
  minProperties: ({ value, path }, wanted) =>
    isMap(value) && Object.keys(value).length < Number(word(wanted)) ? [`${path}: empty`] : [],
  required: ({ value, path }, wanted) =>
    isMap(value)
      ? list(wanted).flatMap((name) =>
          Object.hasOwn(value, word(name)) ? [] : [`${path}: without ${word(name)}`],
        )
      : [],
  items: (at, wanted) =>
    Array.isArray(at.value)
      ? at.value.flatMap((value: unknown, index) =>
          check({ ...at, schema: object(wanted), value, path: `${at.path}[${index}]` }),
        )
      : [],
  properties: (at, wanted) =>
    entries(at.value).flatMap(([name, value]) => {
      const schema = object(wanted)[name];
      return schema === undefined
        ? []
        : check({ ...at, schema: object(schema), value, path: `${at.path}.${name}` });
    }),
  additionalProperties: (at, wanted) => {
    const known = Object.keys(object(at.schema['properties'] ?? {}));
    const others = entries(at.value).filter(([name]) => !known.includes(name));
    if (wanted === false) return others.map(([name]) => `${at.path}: has ${name}`);
    return others.flatMap(([name, value]) =>
      check({ ...at, schema: object(wanted), value, path: `${at.path}.${name}` }),
    );
  },
  propertyNames: (at, wanted) =>
    entries(at.value).flatMap(([name]) => check({ ...at, schema: object(wanted), value: name })),
  dependencies: ({ value, path }, wanted) =>
    Object.entries(object(wanted)).flatMap(([name, needed]) =>
      isMap(value) && Object.hasOwn(value, name)
        ? list(needed).flatMap((each) =>
            Object.hasOwn(value, word(each)) ? [] : [`${path}: ${name} without ${word(each)}`],
          )
        : [],
    ),
  allOf: (at, wanted) => list(wanted).flatMap((each) => check({ ...at, schema: object(each) })),
  anyOf: (at, wanted) => (accepting(at, wanted) > 0 ? [] : [`${at.path}: fits no alternative`]),
  oneOf: (at, wanted) =>
    accepting(at, wanted) === 1 ? [] : [`${at.path}: fits ${accepting(at, wanted)} alternatives`],
  not: (at, wanted) =>
    check({ ...at, schema: object(wanted) }).length > 0 ? [] : [`${at.path}: fits what it may not`],
  ...Object.fromEntries(
    ['$schema', 'title', 'description', 'examples', 'definitions'].map((word) => [word, () => []]),
  ),
};

const accepting = (at: At, schemas: Json): number =>
  list(schemas).filter((each) => check({ ...at, schema: object(each) }).length === 0).length;

function typesOf(value: unknown): readonly string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['number', 'integer'] : ['number'];
  return [typeof value];
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const entries = (value: unknown): readonly [string, unknown][] => (isMap(value) ? Object.entries(value) : []);

function object(json: Json | undefined): JsonObject {
  if (json === undefined || json === null || typeof json !== 'object' || isList(json))
    throw new Error('a schema is not an object');
  return json;
}

function list(json: Json): readonly Json[] {
  if (!isList(json)) throw new Error('not a list');
  return json;
}

const isList = (json: Json): json is readonly Json[] => Array.isArray(json);

const word = (json: Json): string => (typeof json === 'string' ? json : JSON.stringify(json));
