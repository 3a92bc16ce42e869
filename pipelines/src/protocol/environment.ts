// Where a deploy stage deploys to, as an operator configures it.
import { z } from 'zod';

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 50');

export const environmentTarget = z.discriminatedUnion('kind', [
  /** Containers on the worker's Docker engine, behind an HAProxy that the worker keeps running. */
  z.object({
    kind: z.literal('docker'),
    /** Names the containers and the proxy. */
    service: name,
    /** Address and port where users reach the service. */
    listenHost: z.string().default('127.0.0.1'),
    listenPort: z.number().int().min(1).max(65_535),
  }),
  z.object({
    kind: z.literal('kubernetes'),
    namespace: name,
    /** Name of the secret that holds a kubeconfig; null: the worker's own. */
    kubeconfigSecret: z.string().nullable().default(null),
    /** Base address of the Prometheus that knows the service; null: the environment cannot measure. */
    prometheusUrl: z.url().nullable().default(null),
  }),
]);
export type EnvironmentTarget = z.infer<typeof environmentTarget>;

export const environmentConfig = z.object({ name, target: environmentTarget });
export type EnvironmentConfig = z.infer<typeof environmentConfig>;
