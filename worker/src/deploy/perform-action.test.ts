import Docker from 'dockerode';
import { expect, test } from 'vitest';
import type { RolloutAction } from '@sluice/pipelines/rollout/rollout-state';
import { createCheckout } from '../checkout/check-out.ts';
import { performAction, type DeployParts } from './perform-action.ts';
import { aClaim } from './test-claim.ts';
import './kubernetes/kubernetes-target.ts'; // is loaded by the first action otherwise, for as long as a busy machine takes

const parts: DeployParts = {
  docker: new Docker({ socketPath: '/nonexistent/docker.sock' }),
  dataDir: '/nonexistent',
  haproxy: 'true',
  hookHosts: [],
  limits: { memoryBytes: 2 ** 28, pids: 64 },
  now: () => 0,
  kubeconfigPath: null,
  guards: { isHeard: () => true },
  path: '',
  checkout: createCheckout('/nonexistent'),
};
const container = { port: 80, replicas: 1, env: {}, health: '/' };
const docker = { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 1 } as const;
const inspect: RolloutAction = { kind: 'inspect' };

const perform = (changes: Partial<Parameters<typeof aClaim>[0]>, signal = AbortSignal.timeout(5_000)) => {
  const claim = aClaim({
    installation: 'i',
    target: docker,
    version: 'v1',
    image: 'x',
    work: { container },
    what: inspect,
    ...changes,
  });
  return performAction(claim, parts, signal);
};

test('an engine that does not answer is a failure that may be tried again', async () => {
  const { result } = await perform({});
  expect(result).toMatchObject({ result: 'failed', reason: 'target-unreachable', retryable: true });
});

test('a stage without a container is told what to write', async () => {
  const { result } = await perform({ work: { container: null } });
  expect(result).toMatchObject({ reason: 'no-container', message: expect.stringContaining('`container`') });
});

test('secrets are masked in messages', async () => {
  const { result } = await perform({ secrets: ['/nonexistent/docker.sock'] });
  expect(JSON.stringify(result)).not.toContain('docker.sock');
  expect(JSON.stringify(result)).toContain('***');
});

test('an action that ran out of time is a failure that may be tried again', async () => {
  const { result } = await perform({}, AbortSignal.abort());
  expect(result).toMatchObject({ reason: 'timed-out', retryable: true });
});

const namespace = {
  kind: 'kubernetes',
  namespace: 'shop',
  kubeconfigSecret: null,
  prometheusUrl: null,
} as const;

test('a kubeconfig that would run a program on the worker is refused', async () => {
  const kubeconfig = `
apiVersion: v1
kind: Config
current-context: a
contexts: [{ name: a, context: { cluster: a, user: a } }]
clusters: [{ name: a, cluster: { server: 'https://127.0.0.1:1' } }]
users: [{ name: a, user: { exec: { apiVersion: v1, command: touch, args: [/tmp/x] } } }]
`;
  const { result } = await perform({ target: namespace, kubeconfig });
  expect(result).toMatchObject({ reason: 'kubeconfig-refused', message: expect.stringContaining('exec') });
});

test('an analysis without metrics is refused before anything is deployed', async () => {
  const kubeconfig = `
apiVersion: v1
kind: Config
current-context: a
contexts: [{ name: a, context: { cluster: a, user: a } }]
clusters: [{ name: a, cluster: { server: 'https://127.0.0.1:1' } }]
users: [{ name: a, user: { token: t } }]
`;
  const steps = [{ kind: 'analysis', forMs: 1 }] as const;
  const { result } = await perform({ target: namespace, kubeconfig, work: { manifests: 'k8s', steps } });
  expect(result).toMatchObject({ reason: 'no-metrics', retryable: false });
});
