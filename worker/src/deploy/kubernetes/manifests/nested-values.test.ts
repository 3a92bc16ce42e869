import { expect, test } from 'vitest';
import { nestedValues } from './nested-values.ts';

test('dotted names stand for maps within maps, and the later one counts', () => {
  const set = {
    'image.tag': 'v1',
    'image.pull.now': true,
    replicas: 3,
    'replicas.most': 4,
    'image.tag2': '',
  };
  expect(nestedValues(set)).toEqual({
    image: { tag: 'v1', pull: { now: true }, tag2: '' },
    replicas: { most: 4 },
  });
});

test('names that objects have already are names like others', () => {
  const text = JSON.stringify(nestedValues({ '__proto__.x': 1, 'constructor.y': 2 }));
  expect(text).toBe('{"__proto__":{"x":1},"constructor":{"y":2}}');
  expect({}).not.toHaveProperty('x');
});
