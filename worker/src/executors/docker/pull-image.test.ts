import { expect, test } from 'vitest';
import { registryHost } from './pull-image.ts';

test.each([
  ['node:20', 'docker.io'],
  ['library/node', 'docker.io'],
  ['127.0.0.1:5000/shop', '127.0.0.1:5000'],
  ['registry.example.com/team/shop@sha256:abc', 'registry.example.com'],
  ['localhost/shop', 'localhost'],
])('the credentials for %s are those of %s', (image, host) => {
  expect(registryHost(image)).toBe(host);
});
