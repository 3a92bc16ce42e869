import { expect, test } from 'vitest';
import { parseAuthChallenge } from './auth-challenge.ts';

test('a token server is read with service and scope', () => {
  expect(
    parseAuthChallenge(
      'Bearer realm="https://auth.example.com/token",service="r.io",scope="repository:a:pull,push"',
    ),
  ).toEqual({
    scheme: 'bearer',
    realm: 'https://auth.example.com/token',
    service: 'r.io',
    scope: 'repository:a:pull,push',
  });
});

test('basic is basic, in any case', () => {
  expect(parseAuthChallenge('basic realm="x"')).toEqual({ scheme: 'basic' });
});

test.for([[null], [''], ['Negotiate'], ['Bearer service="x"']])(
  '%s is no scheme that we speak',
  ([header]) => {
    expect(parseAuthChallenge(header ?? null)).toBeNull();
  },
);
