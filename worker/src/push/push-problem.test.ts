import { expect, test } from 'vitest';
import { problemOutcome, pushProblem } from './push-problem.ts';

// What Docker engines say.
test.for([
  [
    'Get "https://r.io/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
    'infrastructure',
    '(ECONNREFUSED)',
  ],
  [
    'Get "https://r.io/v2/": dial tcp: lookup r.io on 10.0.0.53:53: no such host',
    'infrastructure',
    '(ENOTFOUND)',
  ],
  [
    'net/http: request canceled while waiting for connection (Client.Timeout exceeded)',
    'infrastructure',
    '(timeout)',
  ],
  ['received unexpected HTTP status: 503 Service Unavailable', 'infrastructure', '503 Service Unavailable'],
  ['unauthorized: authentication required', 'failed', 'add registry credentials for host "r.io"'],
  ['denied: requested access to the resource is denied', 'failed', 'registry credentials'],
  ['no basic auth credentials', 'failed', 'registry credentials'],
  ['http: server gave HTTP response to HTTPS client', 'failed', 'insecure-registries'],
  ['x509: certificate signed by unknown authority', 'failed', '/etc/docker/certs.d/r.io/ca.crt'],
] as const)('"%s" is of class %s and says %s', ([error, failureClass, words]) => {
  expect(problemOutcome(pushProblem(error, 'r.io', false))).toMatchObject({
    result: 'failed',
    failure: { class: failureClass, message: expect.stringContaining(words) },
  });
});

test('credentials that are refused are told apart from credentials that are missing', () => {
  expect(pushProblem('denied', 'r.io', true).message).toContain('refuses the credentials stored for it');
});
