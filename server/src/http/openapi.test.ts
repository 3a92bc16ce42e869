import { expect, test } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from './openapi.ts';

const shape = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ summary: z.string() }))),
});

test('the description has the request bodies that the routes parse', () => {
  const document = openApiDocument('1.2.3');
  const { paths } = shape.parse(document);
  expect(Object.keys(paths)).toContain('/api/runs/{id}/stages/{stage}/vote');
  expect(paths['/api/runs']?.['post']).toMatchObject({
    requestBody: {
      content: { 'application/json': { schema: { type: 'object', required: ['repository', 'branch'] } } },
    },
  });
  expect(paths['/api/secrets/{name}']?.['put']).toMatchObject({
    parameters: expect.arrayContaining([
      expect.objectContaining({ name: 'name', in: 'path', required: true }),
    ]),
  });
  expect(paths['/api/environments/{name}/check']).toMatchObject({
    get: { responses: { 200: {} } },
    post: {
      requestBody: { content: { 'application/json': { schema: { properties: { cluster: {} } } } } },
      responses: { 202: {} },
    },
  });
});
