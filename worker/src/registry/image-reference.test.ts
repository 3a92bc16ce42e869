import { expect, test } from 'vitest';
import { isImageTag, parseImageRepository } from './image-reference.ts';

test.for([
  ['registry.example.com/team/shop', 'registry.example.com', 'team/shop'],
  ['127.0.0.1:5000/hello', '127.0.0.1:5000', 'hello'],
  ['localhost/hello', 'localhost', 'hello'],
  ['[::1]:5000/hello', '[::1]:5000', 'hello'],
  ['shop', 'docker.io', 'library/shop'],
  ['team/shop', 'docker.io', 'team/shop'],
  ['docker.io/shop', 'docker.io', 'shop'],
] as const)('%s is at %s', ([text, registry, path]) => {
  expect(parseImageRepository(text)).toEqual({ ok: true, value: { registry, path, name: text } });
});

test.for([
  [''],
  ['shop:v1'],
  ['r.io/Shop'],
  ['r.io/a//b'],
  ['r.io/../x'],
  ['http://r.io/x'],
  ['r.io/x@sha256:0'],
  ['r.io'],
])('"%s" is no repository', ([text = '']) => {
  // A host alone reads as a repository of Docker Hub, as it does for Docker itself.
  expect(parseImageRepository(text).ok).toBe(text === 'r.io');
});

test('tags hold letters, digits, dots, dashes and underscores', () => {
  expect(['v1', 'a.b-c_d', '_x', '1'].every(isImageTag)).toBe(true);
  expect(['', '-x', '.x', 'a/b', 'a b', 'x'.repeat(129)].some(isImageTag)).toBe(false);
});
