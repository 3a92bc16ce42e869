// A namespace of a test's own, and Prometheus looking at the pods in it.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  readonly kubectl: (...args: string[]) => string;
  readonly pods: () => readonly TestPod[];
}

export interface TestPod {
  readonly name: string;
  readonly ip: string | null;
  readonly version: string;
  readonly image: string;
  readonly isReady: boolean;
  readonly isEnding: boolean;
}

const scrapeListMs = 500;

/** Everything in it, and its scrape targets, are gone after dispose. */
export function aNamespace(prefix: string, port: number): TestNamespace {
  const name = `${prefix}-${process.pid}-${Date.now().toString(36)}`;
  const kubectl = (...args: string[]) => execFileSync('kubectl', ['-n', name, ...args], { encoding: 'utf8' });
  kubectl('create', 'namespace', name);
  const pods = () => readPods(kubectl('get', 'pods', '-o', 'json'));
  const targets = join(process.env['LAB_HOME'] ?? '', 'prometheus', 'targets', `${name}.json`);
  const timer = setInterval(() => {
    const addresses = pods().flatMap((pod) => (pod.ip === null ? [] : [`${pod.ip}:${port}`]));
    writeFileSync(targets, JSON.stringify([{ targets: addresses, labels: { namespace: name } }]));
  }, scrapeListMs);
  return {
    name,
    kubectl,
    pods,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      rmSync(targets, { force: true });
      execFileSync('kubectl', ['delete', 'namespace', name, '--wait=false'], { stdio: 'ignore' });
    },
  };
}

interface PodList {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly labels: Record<string, string>;
      readonly deletionTimestamp?: string;
    };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
    readonly status: {
      readonly podIP?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

function readPods(json: string): readonly TestPod[] {
  return (JSON.parse(json) as PodList).items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    ip: status.podIP ?? null,
    version: metadata.labels['version'] ?? '',
    image: spec.containers[0]?.image ?? '',
    isReady: (status.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True'),
    isEnding: metadata.deletionTimestamp !== undefined,
  }));
}
