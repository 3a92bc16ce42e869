// The pod of a stage, as it is sent to the cluster.
import type { PodToleration } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServiceSpec, WorkspaceSpec } from '../executor.ts';
import { fullValues, labelValue, shortHash, validLabels } from './label-values.ts';
import type { PodSettings } from './pod-settings.ts';
import { farewellProgram, outFolder, residentProgram, runFolder, workspaceFolder } from './resident-pod.ts';
import { stepsContainer, type NewPod } from './stage-pod.ts';

/** What ends the pod when every worker is dead: the stage's own time, that of a shell, and this to clean up. */
const lastResortMs = 15 * 60_000;
/** For a step to end, and its last lines to be read, when the pod is ended from outside. */
const graceSeconds = 30;

/** The labels by which an attempt's pod is found again, whoever made it. */
export function identityOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  const { 'sluice.fence': _fence, 'sluice.worker': _worker, ...identity } = labels;
  return validLabels(identity);
}

/** The same for every worker, so that an attempt never has two pods; also the name of what belongs to the pod. */
export function podName(labels: Readonly<Record<string, string>>): string {
  const stage = (labels['sluice.stage'] ?? 'stage').toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const readable = stage.replace(/^-|-$/g, '').slice(0, 30).replace(/-$/, '');
  const identity = Object.entries(identityOf(labels)).map(([name, value]) => `${name}=${value}`);
  return `sluice-${readable === '' ? 'stage' : readable}-${shortHash(identity.sort(byText).join('\n'))}`;
}

const byText = (one: string, other: string): number => (one < other ? -1 : 1);

/** The error says what a stage asks for that cannot be had here, and what to do. */
export function podManifest(
  spec: WorkspaceSpec,
  image: string,
  settings: PodSettings,
): Result<NewPod, string> {
  const wishes = checkWishes(spec, settings);
  if (!wishes.ok) return wishes;
  const user = userOf(spec.user);
  if (!user.ok) return user;
  const { serviceAccount, runtimeClass, nodeSelector, tolerations } = wishes.value;
  const name = podName(spec.labels);
  const hasLogin = spec.registryCredentials.length > 0;
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: podLabels(spec.labels),
      annotations: {
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        ...fullValues(spec.labels),
        ...settings.annotations,
      },
    },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: Math.ceil((spec.timeoutMs + (spec.keptMs ?? 0) + lastResortMs) / 1_000),
      terminationGracePeriodSeconds: graceSeconds,
      automountServiceAccountToken: typeof spec.pod?.serviceAccount === 'string',
      enableServiceLinks: false,
      ...(serviceAccount !== null && { serviceAccountName: serviceAccount }),
      ...(runtimeClass !== null && { runtimeClassName: runtimeClass }),
      nodeSelector,
      tolerations,
      imagePullSecrets: [...(hasLogin ? [name] : []), ...settings.image_pull_secrets].map((each) => ({
        name: each,
      })),
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      ...(spec.services.length > 0 && {
        hostAliases: [{ ip: '127.0.0.1', hostnames: spec.services.map((service) => service.name) }],
      }),
      volumes: volumesOf(spec),
      containers: [
        stepsOf(spec, image, settings, user.value),
        ...spec.services.map((service) => serviceOf(service, settings)),
      ],
    },
  };
  return ok(manifest);
}

export function podLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return { ...validLabels(labels), 'sluice.pod': labelValue(podName(labels)) };
}

/** Beside the fixed names of volumes, so that a service of any name is a valid container. */
export const serviceContainer = (name: string): string =>
  `service-${name.toLowerCase().replaceAll('_', '-')}`;

interface User {
  readonly runAsUser: number;
  readonly runAsGroup?: number;
}

/** Without a user, root of a container that has few capabilities, as on a Docker engine. */
function userOf(user: string | null): Result<User, string> {
  if (user === null) return ok({ runAsUser: 0, runAsGroup: 0 });
  const [, uid, gid] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(user) ?? [];
  if (uid === undefined) {
    return err(
      `A pod runs as a user's number, and "user" is "${user}". Write the number, such as user: 1000, or 1000:1000.`,
    );
  }
  return ok({ runAsUser: Number(uid), ...(gid !== undefined && { runAsGroup: Number(gid) }) });
}

interface Wishes {
  readonly serviceAccount: string | null;
  readonly runtimeClass: string | null;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly object[];
}

function checkWishes(spec: WorkspaceSpec, settings: PodSettings): Result<Wishes, string> {
  const { pod, resources, network } = spec;
  if (!network && settings.network_policies !== 'enforced') {
    return err(
      'This stage asks for no network, and nobody has said that this cluster keeps pods to their NetworkPolicies: without a network plug-in that does, it would have all of it. ' +
        'Ask the operator to set network_policies: enforced in the pod settings once that was checked, or remove "network".',
    );
  }
  if (resources.pids !== null) {
    return err(
      'Kubernetes has no limit of processes for a pod: remove "resources.pids"; the operator sets podPidsLimit of the nodes.',
    );
  }
  const account = pod?.serviceAccount ?? null;
  if (account !== null && !settings.allowed_service_accounts.includes(account)) {
    return err(notAllowed('service account', account, 'allowed_service_accounts'));
  }
  const runtime = pod?.runtimeClass ?? null;
  if (runtime !== null && !settings.allowed_runtime_classes.includes(runtime)) {
    return err(notAllowed('runtime class', runtime, 'allowed_runtime_classes'));
  }
  return ok({
    serviceAccount: account ?? settings.service_account,
    runtimeClass: runtime ?? settings.runtime_class,
    // What the operator demands of every pod is not for a stage to change.
    nodeSelector: { ...pod?.nodeSelector, ...settings.node_selector },
    tolerations: [...settings.tolerations, ...(pod?.tolerations ?? []).map(toleration)],
  });
}

function toleration({ key, value, effect }: PodToleration): object {
  return {
    key,
    ...(value === null ? { operator: 'Exists' } : { operator: 'Equal', value }),
    ...(effect !== null && { effect }),
  };
}

function notAllowed(what: string, name: string, key: string): string {
  return `The stage asks for the ${what} "${name}", which this worker may not give: ask the operator to name it under ${key} in the pod settings, or choose another.`;
}

function volumesOf({ readOnlyRoot }: WorkspaceSpec): readonly object[] {
  return [
    { name: 'workspace', emptyDir: {} },
    { name: 'out', emptyDir: {} },
    { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    ...(readOnlyRoot ? [{ name: 'tmp', emptyDir: {} }] : []),
  ];
}

function stepsOf(spec: WorkspaceSpec, image: string, settings: PodSettings, user: User): object {
  const { cpu, memoryBytes } = spec.resources;
  const limits = {
    cpu: cpu === null ? settings.default_cpu : `${Math.max(1, Math.round(cpu * 1_000))}m`,
    memory: memoryBytes === null ? settings.default_memory : String(memoryBytes),
  };
  return {
    name: stepsContainer,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', withoutReferences(residentProgram)],
    workingDir: workspaceFolder,
    resources: resourcesOf(limits, settings.ephemeral_storage),
    lifecycle: { preStop: { exec: { command: ['sh', '-c', farewellProgram] } } },
    securityContext: {
      ...user,
      ...restricted(user.runAsUser === 0),
      readOnlyRootFilesystem: spec.readOnlyRoot,
    },
    volumeMounts: [
      { name: 'workspace', mountPath: workspaceFolder },
      { name: 'out', mountPath: outFolder },
      { name: 'run', mountPath: runFolder },
      ...(spec.readOnlyRoot ? [{ name: 'tmp', mountPath: '/tmp' }] : []),
    ],
  };
}

function serviceOf(service: ServiceSpec, settings: PodSettings): object {
  const limits = { cpu: settings.default_cpu, memory: settings.default_memory };
  return {
    name: serviceContainer(service.name),
    image: service.image,
    imagePullPolicy: 'IfNotPresent',
    ...(service.command !== null && { args: service.command.map(withoutReferences) }),
    env: Object.entries(service.env).map(([name, value]) => ({ name, value: withoutReferences(value) })),
    resources: resourcesOf(limits, settings.ephemeral_storage),
    securityContext: restricted(true),
  };
}

/** Requests are the limits: what a stage was promised is what it counts for in a quota. */
function resourcesOf(
  { cpu, memory }: { readonly cpu: string | null; readonly memory: string | null },
  storage: PodSettings['ephemeral_storage'],
): object {
  const both = { ...(cpu !== null && { cpu }), ...(memory !== null && { memory }) };
  return {
    requests: { ...both, 'ephemeral-storage': storage.request },
    limits: { ...both, 'ephemeral-storage': storage.limit },
  };
}

/** What ordinary images need that run as root, and no more; the same as on a Docker engine. */
const rootCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL', 'NET_BIND_SERVICE'];

function restricted(mayBeRoot: boolean): object {
  return {
    privileged: false,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], ...(mayBeRoot && { add: rootCapabilities }) },
  };
}

/** Kubernetes would read `$(NAME)` in commands and environments as another variable, and `$$` as one dollar. */
function withoutReferences(text: string): string {
  return text.replaceAll('$', () => '$$');
}
