// The worker's environment, read in this place only.
import { availableParallelism } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { defaultPatience } from '@sluice/pipelines/orphans/decide-orphan';
import { defaultPool } from '@sluice/pipelines/protocol/queues';

export interface WorkerConfig {
  readonly serverUrl: string;
  readonly workerToken: string;
  readonly redisUrl: string;
  /** `unix:///path` or `tcp://host:port`. */
  readonly dockerHost: string;
  /** Absolute: the worker's own folder, used by one worker process at a time. */
  readonly folder: string;
  /** Attempts at the same time. */
  readonly slots: number;
  readonly pool: string;
  /** Steps without an image may run on this host. */
  readonly allowsProcessExecutor: boolean;
  /** PATH of such steps. */
  readonly path: string;
  /** Whether such steps must be isolated by bubblewrap: `auto` does it where it can. */
  readonly stepIsolation: 'auto' | 'bubblewrap' | 'none';
  /** Absolute paths of folders of this host that isolated steps may write, beside their workspace. */
  readonly stepWritable: readonly string[];
  /** The home of the worker's user, whose keys no isolated step sees; null: it has none. */
  readonly home: string | null;
  readonly queuePrefix: string;
  /** Command that runs HAProxy, for Docker environments. */
  readonly haproxy: string;
  /** Hosts inside the network that hooks of deploy stages may call; `*`: all of them. */
  readonly hookHosts: readonly string[];
  /** Folders of this host in which repositories of `file:` addresses may have submodules; none: they have none. */
  readonly fileSubmodules: readonly string[];
  /** The worker's own kubeconfig, for environments that name none; null: it has none. */
  readonly kubeconfigPath: string | null;
  /** Where stages with an image run. */
  readonly executor: 'docker' | 'kubernetes';
  readonly pods: PodsConfig;
  /** What one container of a deployed service may use at most. */
  readonly serviceLimits: { readonly memoryBytes: number; readonly pids: number };
  /** Where it says whether it takes work, and its figures; null: nowhere. */
  readonly health: { readonly host: string; readonly port: number } | null;
  /** How long a stop waits for running attempts to end by themselves. */
  readonly drainMs: number;
  /** What becomes of the rest then: `hand-over` leaves it to the next start of this worker, `end` ends it. */
  readonly atStop: 'hand-over' | 'end';
  readonly orphans: OrphansConfig;
}

/** How this worker looks for what attempts have left; see `decide-orphan.ts`. */
export interface OrphansConfig {
  readonly everyMs: number;
  /** After the end of its attempt, a thing is an orphan. */
  readonly overMs: number;
  /** At this age, a thing is one whose attempt the server does not know. */
  readonly unknownMs: number;
}

export interface PodsConfig {
  /** The worker itself runs in a pod, whose service account it may use. */
  readonly isInCluster: boolean;
  /** Null: that of the kubeconfig, or of the pod that the worker itself is. */
  readonly namespace: string | null;
  /** The operator's settings for pods, see `pod-settings.ts`; null: the defaults. */
  readonly settingsPath: string | null;
  /** Names the cluster; workers with the same name and namespace take up each other's pods. Null: its address. */
  readonly cluster: string | null;
  /** How long the cluster's API may be away before a stage fails. */
  readonly patienceMs: number;
}

/** Thrown when the environment cannot be used; the message names every variable to mend. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export function readWorkerConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`the worker cannot start with this environment:\n${problems.join('\n')}`);
  }
  const set = parsed.data;
  const data = isAbsolute(set.SLUICE_DATA) ? set.SLUICE_DATA : resolve(set.SLUICE_DATA);
  return {
    serverUrl: set.SLUICE_SERVER_URL,
    workerToken: set.SLUICE_WORKER_TOKEN,
    redisUrl: set.REDIS_URL,
    dockerHost: set.DOCKER_HOST,
    folder: join(data, 'worker'),
    slots: set.SLUICE_WORKER_SLOTS ?? Math.max(4, availableParallelism()),
    pool: set.SLUICE_POOL,
    allowsProcessExecutor: set.SLUICE_ALLOW_PROCESS_EXECUTOR === '1',
    path: set.PATH,
    stepIsolation: set.SLUICE_STEP_ISOLATION,
    stepWritable: set.SLUICE_STEP_WRITABLE,
    home: set.HOME ?? null,
    queuePrefix: set.SLUICE_QUEUE_PREFIX,
    haproxy: set.SLUICE_HAPROXY,
    hookHosts: set.SLUICE_HOOK_HOSTS,
    fileSubmodules: set.SLUICE_FILE_SUBMODULES,
    kubeconfigPath: set.KUBECONFIG ?? null,
    executor: set.SLUICE_EXECUTOR,
    pods: {
      isInCluster: set.KUBERNETES_SERVICE_HOST !== undefined,
      namespace: set.SLUICE_KUBERNETES_NAMESPACE ?? null,
      settingsPath: set.SLUICE_POD_SETTINGS ?? null,
      cluster: set.SLUICE_KUBERNETES_CLUSTER ?? null,
      patienceMs: set.SLUICE_KUBERNETES_PATIENCE_MS,
    },
    serviceLimits: { memoryBytes: set.SLUICE_SERVICE_MEMORY_MB * 1024 * 1024, pids: set.SLUICE_SERVICE_PIDS },
    health:
      set.SLUICE_HEALTH_PORT === undefined
        ? null
        : { host: set.SLUICE_HEALTH_HOST, port: set.SLUICE_HEALTH_PORT },
    drainMs: set.SLUICE_DRAIN_MS,
    atStop: set.SLUICE_AT_STOP,
    orphans: {
      everyMs: set.SLUICE_ORPHANS_EVERY_MS,
      overMs: set.SLUICE_ORPHANS_OVER_MS,
      unknownMs: set.SLUICE_ORPHANS_UNKNOWN_MS,
    },
  };
}

const isAddress = (protocols: RegExp) => (text: string) => URL.canParse(text) && protocols.test(text);

const milliseconds = z.coerce.number({ error: 'must be a number of milliseconds' }).int();

const folders = z
  .string()
  .default('')
  .transform((text) => text.split(':').filter((path) => path !== ''))
  .refine((paths) => paths.every((path) => isAbsolute(path)), 'must be absolute paths, with : between them');

const environment = z.object({
  SLUICE_SERVER_URL: z
    .string({ error: 'is missing: give the address of the server, such as http://127.0.0.1:8080' })
    .refine(isAddress(/^https?:/), 'must be an address such as http://127.0.0.1:8080'),
  SLUICE_WORKER_TOKEN: z.string({ error: 'is missing: give the token that the server expects of workers' }),
  REDIS_URL: z
    .string({ error: 'is missing: give the address of Redis, such as redis://127.0.0.1:6379' })
    .refine(isAddress(/^rediss?:/), 'must be an address such as redis://127.0.0.1:6379'),
  DOCKER_HOST: z
    .string()
    .regex(/^(unix:\/\/\/|tcp:\/\/|https?:\/\/)/, 'must begin with unix:///, tcp:// or https://')
    .default('unix:///var/run/docker.sock'),
  SLUICE_DATA: z.string().default('.sluice-data'),
  SLUICE_WORKER_SLOTS: z.coerce.number({ error: 'must be a number' }).int().min(1).max(1_000).optional(),
  SLUICE_POOL: z
    .string()
    .regex(/^[\w-]{1,50}$/, 'may hold letters, digits, - and _, at most 50')
    .default(defaultPool),
  SLUICE_ALLOW_PROCESS_EXECUTOR: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0'),
  SLUICE_QUEUE_PREFIX: z
    .string()
    .regex(/^[^:\s]{1,100}$/, 'may not hold colons or spaces')
    .default('bull'),
  SLUICE_HAPROXY: z.string().default('haproxy'),
  SLUICE_HOOK_HOSTS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((host) => host.trim() || []))
    .transform((hosts) => (hosts.some((host) => ['1', 'true', '*'].includes(host)) ? ['*'] : hosts)),
  KUBECONFIG: z.string().optional(),
  SLUICE_EXECUTOR: z
    .enum(['docker', 'kubernetes'], { error: 'must be docker or kubernetes' })
    .default('docker'),
  SLUICE_KUBERNETES_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name of a namespace')
    .optional(),
  SLUICE_KUBERNETES_CLUSTER: z.string().max(100, 'may have 100 characters').optional(),
  SLUICE_KUBERNETES_PATIENCE_MS: z.coerce
    .number({ error: 'must be a number of milliseconds' })
    .int()
    .min(1_000)
    .default(15 * 60_000),
  SLUICE_POD_SETTINGS: z.string().optional(),
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  SLUICE_SERVICE_MEMORY_MB: z.coerce
    .number({ error: 'must be a number of MiB' })
    .int()
    .min(16)
    .default(1_024),
  SLUICE_SERVICE_PIDS: z.coerce.number({ error: 'must be a number' }).int().min(16).default(1_024),
  SLUICE_HEALTH_PORT: z.coerce
    .number({ error: 'must be the number of a port' })
    .int()
    .min(1)
    .max(65_535)
    .optional(),
  SLUICE_HEALTH_HOST: z.string().default('127.0.0.1'),
  SLUICE_DRAIN_MS: z.coerce
    .number({ error: 'must be a number of milliseconds' })
    .int()
    .min(0)
    .default(30_000),
  SLUICE_AT_STOP: z
    .enum(['hand-over', 'end'], { error: 'must be "hand-over" or "end"' })
    .default('hand-over'),
  SLUICE_ORPHANS_EVERY_MS: milliseconds.min(100).max(3_600_000).default(60_000),
  SLUICE_ORPHANS_OVER_MS: milliseconds.min(0).default(defaultPatience.overMs),
  SLUICE_ORPHANS_UNKNOWN_MS: milliseconds.min(0).default(defaultPatience.unknownMs),
  SLUICE_STEP_ISOLATION: z
    .enum(['auto', 'bubblewrap', 'none'], { error: 'must be "auto", "bubblewrap" or "none"' })
    .default('auto'),
  SLUICE_STEP_WRITABLE: folders,
  SLUICE_FILE_SUBMODULES: folders,
  HOME: z.string().optional(),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});
