// The environment, read once.
import path from 'node:path';
import { defaultStepLogBytes } from '@sluice/pipelines/protocol/worker-api';
import { z } from 'zod';
import type { S3Settings } from './blobs/s3-client.ts';

export interface ServerConfig {
  /** Null: an embedded one. */
  readonly databaseUrl: string | null;
  /** Null: an embedded one. */
  readonly redisUrl: string | null;
  /** Absolute. */
  readonly dataDir: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Null: kept in the data folder. */
  readonly workerToken: string | null;
  /** 32 bytes; null: kept in the data folder. */
  readonly masterKey: Uint8Array | null;
  readonly webRoot: string | null;
  readonly publicUrl: URL | null;
  /** Where workers reach this very server, one of several; null: their SLUICE_SERVER_URL leads here. */
  readonly internalUrl: URL | null;
  readonly fileRepositories: readonly string[];
  readonly privateHosts: readonly string[];
  readonly queuePrefix: string;
  /** Null: blobs are in the data folder. */
  readonly s3: S3Settings | null;
  readonly cacheLimitBytes: number;
  readonly logLevel: string;
  /** How long `/readyz` says that the server ends before it does. */
  readonly leaveMs: number;
  /** What one step may print at most. */
  readonly stepLogBytes: number;
}

/** Throws one error that names every variable that cannot be used, and never a value that may be secret. */
export function readConfig(environment: NodeJS.ProcessEnv): ServerConfig {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = variables.safeParse(set);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`These settings cannot be used:\n${problems.join('\n')}\nSee docs/operations.md.`);
  }
  const read = result.data;
  return {
    databaseUrl: read.DATABASE_URL ?? null,
    redisUrl: read.REDIS_URL ?? null,
    dataDir: path.resolve(read.SLUICE_DATA),
    host: read.SLUICE_HOST,
    port: read.SLUICE_PORT,
    workerToken: read.SLUICE_WORKER_TOKEN ?? null,
    masterKey: read.SLUICE_MASTER_KEY ?? null,
    webRoot: read.SLUICE_WEB_ROOT === undefined ? null : path.resolve(read.SLUICE_WEB_ROOT),
    publicUrl: read.SLUICE_PUBLIC_URL === undefined ? null : new URL(read.SLUICE_PUBLIC_URL),
    internalUrl: read.SLUICE_INTERNAL_URL === undefined ? null : new URL(read.SLUICE_INTERNAL_URL),
    fileRepositories: read.SLUICE_FILE_REPOSITORIES,
    privateHosts: read.SLUICE_ALLOW_PRIVATE_HOSTS,
    queuePrefix: read.SLUICE_QUEUE_PREFIX,
    s3: s3Settings(read),
    cacheLimitBytes: read.SLUICE_CACHE_GB * 1024 ** 3,
    logLevel: read.SLUICE_LOG_LEVEL,
    leaveMs: read.SLUICE_LEAVE_MS,
    stepLogBytes: read.SLUICE_STEP_LOG_LIMIT_MB * 1_000_000,
  };
}

/** Thrown when the environment cannot be used; its message says what to mend. */
export class ConfigError extends Error {}

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const list = (separator: string) =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(separator)
        .map((part) => part.trim())
        .filter(Boolean),
    );

const masterKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64, such as `openssl rand -base64 32` prints')
  .transform((text): Uint8Array => Buffer.from(text, 'base64'));

const s3Names = ['SLUICE_S3_ENDPOINT', 'SLUICE_S3_ACCESS_KEY_ID', 'SLUICE_S3_SECRET_ACCESS_KEY'] as const;

/** Whether S3 is used is said by the bucket alone. */
function s3Settings(read: z.infer<typeof variables>): S3Settings | null {
  const { SLUICE_S3_BUCKET: bucket, SLUICE_S3_ENDPOINT: endpoint } = read;
  const { SLUICE_S3_ACCESS_KEY_ID: accessKeyId, SLUICE_S3_SECRET_ACCESS_KEY: secretAccessKey } = read;
  if (bucket === undefined) return null;
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = s3Names.filter((name) => read[name] === undefined);
    const message = `  ${missing.join(', ')}: must be set too, because SLUICE_S3_BUCKET is`;
    throw new ConfigError(`These settings cannot be used:\n${message}\nSee docs/operations.md.`);
  }
  return {
    endpoint: new URL(endpoint),
    bucket,
    region: read.SLUICE_S3_REGION,
    isPathStyle: read.SLUICE_S3_PATH_STYLE === '1',
    prefix: read.SLUICE_S3_PREFIX === '' ? '' : `${read.SLUICE_S3_PREFIX.replace(/\/+$/, '')}/`,
    accessKeyId,
    secretAccessKey,
    sessionToken: read.SLUICE_S3_SESSION_TOKEN ?? null,
  };
}

const variables = z.object({
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  REDIS_URL: url('redis:', 'rediss:').optional(),
  SLUICE_DATA: z.string().default('./.sluice-data'),
  SLUICE_HOST: z.string().default('127.0.0.1'),
  SLUICE_PORT: z.coerce
    .number('must be a port number')
    .int('must be a port number')
    .min(0, 'must be 0 to 65535')
    .max(65_535, 'must be 0 to 65535')
    .default(8080),
  SLUICE_WORKER_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  SLUICE_MASTER_KEY: masterKey.optional(),
  SLUICE_WEB_ROOT: z.string().optional(),
  SLUICE_PUBLIC_URL: url('http:', 'https:').optional(),
  SLUICE_INTERNAL_URL: url('http:', 'https:').optional(),
  SLUICE_FILE_REPOSITORIES: list(':'),
  SLUICE_ALLOW_PRIVATE_HOSTS: list(',').transform((hosts) =>
    hosts.some((host) => ['1', 'true', '*'].includes(host)) ? ['*'] : hosts,
  ),
  SLUICE_QUEUE_PREFIX: z.string().default('bull'),
  SLUICE_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
  SLUICE_S3_ENDPOINT: url('http:', 'https:').optional(),
  SLUICE_S3_REGION: z.string().default('us-east-1'),
  SLUICE_S3_PATH_STYLE: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('1'),
  SLUICE_S3_PREFIX: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*\/?$/, 'may hold letters, digits, ., _, - and /')
    .default(''),
  SLUICE_S3_ACCESS_KEY_ID: z.string().optional(),
  SLUICE_S3_SECRET_ACCESS_KEY: z.string().optional(),
  SLUICE_S3_SESSION_TOKEN: z.string().optional(),
  SLUICE_CACHE_GB: z.coerce.number('must be a number of GiB').min(0.01, 'must be at least 0.01').default(10),
  SLUICE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  SLUICE_LEAVE_MS: z.coerce
    .number('must be a number of milliseconds')
    .int('must be whole')
    .min(0, 'must be at least 0')
    .max(300_000, 'must be at most 300000')
    .default(0),
  SLUICE_STEP_LOG_LIMIT_MB: z.coerce
    .number('must be a number of megabytes')
    .min(1, 'must be at least 1')
    .max(1_000_000, 'must be at most 1000000')
    .default(defaultStepLogBytes / 1_000_000),
});
