import { describe, expect, test } from 'vitest';
import { podRefusal } from './pod-refusal.ts';

const forbidden = 'pods "sluice-x" is forbidden: ';
const of = (said: string, status = 403) => podRefusal(status, said, 'stages');

describe('why the cluster does not take a pod', () => {
  test('a quota that others use up may be waited for', () => {
    const said = `${forbidden}exceeded quota: team-a, requested: limits.cpu=1,pods=1, used: limits.cpu=2,pods=2, limited: limits.cpu=2,pods=2`;
    expect(of(said)).toMatchObject({
      kind: 'quota-used-up',
      message: expect.stringMatching(/"team-a".*"stages".*used up/),
    });
  });

  test.each([
    ['limits.memory=2Gi', 'limits.memory=1500Mi'],
    ['limits.cpu=1500m', 'limits.cpu=1'],
    ['pods=1', 'pods=0'],
  ])('a quota that %s can never fit into (%s) is not waited for', (requested, limited) => {
    const said = `${forbidden}exceeded quota: small, requested: ${requested}, used: pods=0, limited: ${limited}`;
    expect(of(said)).toMatchObject({
      kind: 'cluster',
      message: expect.stringMatching(/"small".*waiting would not help/),
    });
  });

  test.each([
    [`${forbidden}failed quota: q: must specify limits.cpu,limits.memory`, /"q".*limits.cpu.*default_cpu/],
    ['namespaces "stages" not found', /no namespace "stages".*SLUICE_KUBERNETES_NAMESPACE/],
    [
      `${forbidden}unable to create new content in namespace stages because it is being terminated`,
      /being deleted/,
    ],
    [
      'pods is forbidden: User "system:serviceaccount:a:b" cannot create resource "pods"',
      /lacks a right.*kubernetes-worker.yml/,
    ],
  ])('%s: for the operator to mend', (said, message) => {
    expect(of(said, said.startsWith('namespaces') ? 404 : 403)).toMatchObject({
      kind: 'cluster',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    [
      `${forbidden}error looking up service account stages/bot: serviceaccount "bot" not found`,
      /no service account "bot"/,
    ],
    [`${forbidden}pod rejected: RuntimeClass "gvisor" not found`, /no runtime class "gvisor"/],
    [`${forbidden}maximum memory usage per Container is 64Mi, but limit is 128Mi`, /LimitRange.*64Mi/],
    ['admission webhook "policy" denied the request: no latest tags', /no latest tags/],
  ])('%s: what the stage asks for is not to be had', (said, message) => {
    expect(of(said)).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) });
  });
});
