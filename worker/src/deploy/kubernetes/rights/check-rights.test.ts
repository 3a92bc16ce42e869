import { expect, test } from 'vitest';
import { checkRights } from './check-rights.ts';
import { isGranted, type AccessRules } from './granted-rights.ts';
import { neededRights } from './needed-rights.ts';

const rule = (apiGroups: string[], resources: string[], verbs: string[], resourceNames?: string[]) => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames === undefined ? {} : { resourceNames }),
});
const clientWith = (rules: AccessRules | null, may: boolean | null) => ({
  namespace: 'shop',
  ownRules: () => Promise.resolve(rules),
  mayI: () => Promise.resolve(may),
});
const work = { traffic: { kind: 'httproute', name: 'shop' } } as const;
const rights = neededRights('shop', [{ apiVersion: 'v1', resource: 'services', name: 'shop' }], work);

test('all that is missing is named at once, with the rules to add', async () => {
  const rules = {
    resourceRules: [
      rule(['apps'], ['deployments'], ['*']),
      rule([''], ['pods'], ['list', 'patch']),
      rule([''], ['services'], ['create'], ['shop']),
      rule(['gateway.networking.k8s.io'], ['httproutes'], ['get']),
    ],
  };
  await expect(
    checkRights(clientWith(rules, false), rights, { place: 'cluster "sh-1"' }),
  ).rejects.toMatchObject({
    reason: 'rights-missing',
    message:
      'The credentials of cluster "sh-1" may not patch services/shop; patch httproutes/shop in namespace shop. Add to their Role:\n' +
      "- { apiGroups: [''], resources: [services], resourceNames: [shop], verbs: [patch] }\n" +
      '- { apiGroups: [gateway.networking.k8s.io], resources: [httproutes], resourceNames: [shop], verbs: [patch] }\n' +
      '(docs/kubernetes-deployments.yml has all that a deployment needs)',
  });
});

test('a right that no rule lists, but that the cluster grants, is there; a cluster that does not tell proves nothing', async () => {
  const place = { place: 'environment "shop"' };
  await checkRights(clientWith({ resourceRules: [] }, true), rights, place);
  await checkRights(clientWith({ resourceRules: [] }, null), rights, place);
  await checkRights(clientWith(null, false), rights, place);
});

test('a rule for names gives nothing on the whole namespace, and */status is a subresource of all', () => {
  const list = { apiGroup: 'apps', resource: 'deployments', name: null, verb: 'list' };
  expect(isGranted({ resourceRules: [rule(['apps'], ['deployments'], ['list'], ['shop'])] }, list)).toBe(
    false,
  );
  const status = { apiGroup: '', resource: 'pods/status', name: null, verb: 'patch' };
  expect(isGranted({ resourceRules: [rule([''], ['*/status'], ['patch'])] }, status)).toBe(true);
  expect(isGranted({ resourceRules: [rule([''], ['pods'], ['*'])] }, status)).toBe(false);
});

test('without a router the gate of pods is needed, with one the route', () => {
  const names = (traffic?: typeof work.traffic) =>
    neededRights('shop', [], traffic === undefined ? {} : { traffic }).map(
      ({ verb, resource }) => `${verb} ${resource}`,
    );
  expect(names()).toContain('patch pods/status');
  expect(names(work.traffic)).not.toContain('patch pods/status');
  expect(names(work.traffic)).toContain('patch httproutes');
});
