// How a worker's operator wants pods of stages to be. A stage may choose among what is allowed here.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

const texts = z.record(z.string(), z.string());

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.number().int().optional(),
});

/** A quantity as Kubernetes writes it: `500Mi`, `10Gi`, `2`. */
const quantity = z.string().regex(/^\d+(\.\d+)?([KMGT]i?|k|m)?$/, 'must be a quantity such as 10Gi');

const units = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `30s`, `15m`, `1h`, in milliseconds. */
const duration = z
  .string()
  .regex(/^\d{1,6}[smh]$/, 'must be a duration such as 15m')
  .transform((text) => Number.parseInt(text, 10) * unitOf(text));

function unitOf(text: string): number {
  return text.endsWith('h') ? units.h : text.endsWith('m') ? units.m : units.s;
}

const podSettings = z.strictObject({
  node_selector: texts.default({}),
  tolerations: z.array(toleration).default([]),
  /** Null: the namespace's default account, without its token. */
  service_account: z.string().nullable().default(null),
  /** Accounts that a stage may ask for; its token is mounted then. */
  allowed_service_accounts: z.array(z.string()).default([]),
  runtime_class: z.string().nullable().default(null),
  /** Runtime classes that a stage may ask for. */
  allowed_runtime_classes: z.array(z.string()).default([]),
  /** Names of secrets in the namespace, beside those of the stage's registries. */
  image_pull_secrets: z.array(z.string()).default([]),
  /** What a stage gets that names no resources of its own; null: no request and no limit. */
  default_cpu: quantity.nullable().default(null),
  default_memory: quantity.nullable().default(null),
  /** Disk of workspace, output and the container's own layer together; beyond it the pod is evicted. */
  ephemeral_storage: z
    .strictObject({ request: quantity.default('256Mi'), limit: quantity.default('10Gi') })
    .default({ request: '256Mi', limit: '10Gi' }),
  /** How long a stage waits for quota and for a node, before it fails as `infrastructure`. */
  start_within: duration.default(15 * 60_000),
  /** The cluster's network plug-in enforces NetworkPolicies, so `network: false` can be promised. */
  network_policies: z.enum(['enforced', 'not-enforced']).default('not-enforced'),
  annotations: texts.default({}),
});
export type PodSettings = z.infer<typeof podSettings>;

export const defaultPodSettings: PodSettings = podSettings.parse({});

/** Reads the operator's file (YAML or JSON). Rejects with a sentence that names the file and what to mend. */
export async function readPodSettings(path: string): Promise<PodSettings> {
  const parsed = podSettings.safeParse((await parsedFile(path)) ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  );
  throw new Error(`the pod settings in ${path} cannot be used: ${problems.join('; ')}`);
}

async function parsedFile(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`the pod settings in ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
