// Which engines the tests may use. As root on Debian or Ubuntu they are installed and started from test/lab; elsewhere
// what the environment names is used and the rest is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Engines {
  readonly environment: Readonly<Record<string, string>>;
  /** What is not there, one phrase each. */
  readonly missing: readonly string[];
}

const wanted = {
  REDIS_URL: 'no Redis: set REDIS_URL',
  DOCKER_HOST: 'no Docker engine: set DOCKER_HOST',
  REGISTRY: 'no registry: set REGISTRY to host:port',
  KUBECONFIG: 'no Kubernetes: set KUBECONFIG',
  KUBE_CUSTOM_RESOURCES:
    'no Kubernetes that takes custom resources: set KUBE_CUSTOM_RESOURCES=yes if yours does',
  PROMETHEUS_URL: 'no Prometheus: set PROMETHEUS_URL',
  CHROMIUM: 'no Chromium: set CHROMIUM to its path',
  RENDERERS: 'no kustomize and helm: set RENDERERS to the folder that holds both',
} as const;

export function prepareEngines(root: string): Engines {
  const environment = canInstall() ? startLab(join(root, 'test/lab/lab')) : {};
  const all = { ...process.env, ...environment };
  const missing = Object.entries(wanted)
    .filter(([name]) => all[name] === undefined)
    .map(([, phrase]) => phrase);
  return { environment, missing };
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && process.env['SLUICE_LAB'] !== 'off';
}

function startLab(lab: string): Record<string, string> {
  console.log(
    'The tests use real engines: Docker, a registry, Kubernetes, Prometheus, Redis, HAProxy, nginx, Chromium, kustomize\n' +
      'and Helm from packages. What is missing is installed now (SLUICE_LAB=off uses only what the environment names).\n' +
      'The first time on a machine Kubernetes is built from source, which takes about five minutes.',
  );
  const up = spawnSync(lab, ['up'], { stdio: 'inherit' });
  if (up.status !== 0) throw new Error(`test/lab/lab up failed with ${up.status}; its message stands above`);
  const env = spawnSync(lab, ['env'], { encoding: 'utf8' });
  return Object.fromEntries(
    [...env.stdout.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
}
