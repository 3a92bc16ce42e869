import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { template } from '../keys/template-keys.ts';
import { nothingFound } from '../join-files.ts';
import { checkTemplate } from '../templates/parse-template.ts';
import { schemaProblems } from './check-schema.fixture.ts';
import { faultsOf } from './faults.fixture.ts';
import { pipelineSchema, templateSchema } from './json-schema.ts';
import { writtenTemplates } from './written-examples.fixture.ts';

const schema = templateSchema();
const examples = [...writtenTemplates()];

test('there are templates in the docs and in examples/', () => {
  expect(examples.some(([place]) => place.startsWith('docs/'))).toBe(true);
  expect(examples.some(([place]) => place.startsWith('examples/'))).toBe(true);
});

describe.each(examples)('%s', (place, text) => {
  const value: unknown = parse(text);

  test('is accepted by the schema of templates and by the linter, and not by the schema of pipelines', () => {
    expect(schemaProblems(schema, value)).toEqual([]);
    expect(checkTemplate(text, place, nothingFound)).toEqual([]);
    expect(schemaProblems(pipelineSchema(), value)).not.toEqual([]);
  });

  test('is refused by the schema with one fault in it, wherever that is', () => {
    const accepted = faultsOf(value, template).filter(
      (fault) => schemaProblems(schema, fault.value).length === 0,
    );
    expect(accepted.map(({ says }) => says)).toEqual([]);
  });
});
